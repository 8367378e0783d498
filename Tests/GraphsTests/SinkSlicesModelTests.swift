import Foundation
import Martlet
import MartletGraphs
import Testing

/// Classifiers that read an encoder's first token: the same logits, losses and weights whether or
/// not slices sink, with dropout, whatever runs them.
@Suite struct SinkSlicesModelTests {
    private let texts = [
        "the news", "a play! playing the play in a word", "blue", "words and a word of red",
        "un s ing ed", "the of and to in news a word play", "red , blue .",
    ]

    struct Run: Sendable, CustomTestStringConvertible {
        var checkpoint: String
        var backend: Backend
        var testDescription: String { "\(checkpoint), \(backend)" }
    }

    private static let runs = ["bert_bare", "distilbert_bare"].flatMap { checkpoint in
        [Backend.interpreted, .default].map { Run(checkpoint: checkpoint, backend: $0) }
    }

    private func classifier(_ run: Run, sinks: Bool, threads: Int = 2) throws -> Model {
        let loaded = try PretrainedEncoder(
            PretrainedGolden.root + "/" + run.checkpoint,
            head: .sequenceClassification(labels: 3), maxLength: 8, preprocesses: true,
            dropout: 0.2, options: LoadingOptions(ignoresMismatchedHead: true, seed: 4))
        try loaded.model.compile(
            optimizer: .sgd(learningRate: 0.5),
            loss: .sparseCategoricalCrossentropy(fromLogits: true),
            options: TrainingOptions(
                threadCount: threads, seed: 3, backend: run.backend,
                disabledPasses: sinks ? [] : ["sink-slices"], verifiesPasses: true))
        return loaded.model
    }

    /// Losses of three epochs, and the weights after them. SGD, so that what a step adds to a
    /// weight is its gradient.
    private func trained(_ model: Model) async throws -> (losses: [Double], [String: [Float]]) {
        let labels = DataArray(texts.indices.map { Int32($0 % 3) })
        let history = try await model.fit(
            x: DataArray(texts), y: labels, batchSize: 4, epochs: 3, verbosity: .silent)
        return (history["loss"], try model.weights())
    }

    @Test(arguments: runs) func logitsAreTheSame(_ run: Run) async throws {
        let expected = try await classifier(run, sinks: false).predict(texts, batchSize: 3).first
        let found = try await classifier(run, sinks: true).predict(texts, batchSize: 3).first
        #expect(found.shape == expected.shape)
        for (x, y) in zip(found.floats, expected.floats) { #expect(abs(x - y) < 1e-5) }
    }

    @Test(arguments: runs) func lossesAndGradientsAreTheSame(_ run: Run) async throws {
        let (expected, weights) = try await trained(classifier(run, sinks: false))
        let (losses, found) = try await trained(classifier(run, sinks: true))
        for (x, y) in zip(losses, expected) { #expect(abs(x - y) < 1e-5) }
        #expect(losses.count == 3 && Set(losses).count == 3)
        #expect(found.keys == weights.keys)
        for (name, values) in weights {
            let other = try #require(found[name])
            let difference = zip(values, other).map { abs($0 - $1) }.max() ?? 0
            #expect(difference < 1e-5, "\(name): \(difference)")
        }
        // The same bits for any number of threads.
        for threads in [1, 4] {
            let (again, others) = try await trained(
                classifier(run, sinks: true, threads: threads))
            #expect(again == losses && others == found)
        }
    }
}
