import Foundation
import Martlet
import MartletGraphs
import Testing

/// Batches as long as their longest text, against the same filled up to the longest there may be.
@Suite struct SequenceLengthTests {
    private let texts = [
        "the news", "a play! playing the play in a word", "", "blue", "words and a word of red",
        "un s ing ed", "the of and to in news a word play", "red , blue .", "play", "news news",
    ]

    private func classifier(
        _ checkpoint: String, padsToMaxLength: Bool, backend: Backend = .default
    ) throws -> Model {
        let folder = PretrainedGolden.root + "/" + checkpoint
        let loaded = try PretrainedEncoder(
            folder, head: .sequenceClassification(labels: 3), maxLength: 8, preprocesses: true,
            options: LoadingOptions(ignoresMismatchedHead: true, seed: 4))
        let model: Model
        if padsToMaxLength {
            let preprocess = BERTPreprocessor(
                loaded.tokenizer, maxLength: 8, padsToMaxLength: true)
            model = try fixed(folder, preprocess)
            try model.setWeights(loaded.weights)
        } else {
            model = loaded.model
        }
        try model.compile(
            optimizer: .huggingFaceAdamW(learningRate: 0.02),
            loss: .sparseCategoricalCrossentropy(fromLogits: true), metrics: [.accuracy],
            options: TrainingOptions(seed: 3, backend: backend))
        return model
    }

    private func fixed(_ folder: String, _ preprocess: BERTPreprocessor) throws -> Model {
        if try HuggingFaceFolder.modelType(folder) == "bert" {
            var sizes = try BERTConfiguration(folder: folder)
            (sizes.dropout, sizes.attentionDropout, sizes.classifierDropout) = (0, 0, 0)
            return try BERT.model(
                sizes, head: .sequenceClassification(labels: 3), preprocessor: preprocess)
        }
        return try DistilBERT.model(
            DistilBERTConfiguration(folder: folder), head: .sequenceClassification(labels: 3),
            preprocessor: preprocess)
    }

    @Test(
        arguments: ["bert_bare", "bert_classifier", "distilbert_bare"],
        [Backend.interpreted, .default])
    func predictionsAreThoseOfThePaddedRun(checkpoint: String, backend: Backend) async throws {
        let short = try classifier(checkpoint, padsToMaxLength: false, backend: backend)
        let long = try classifier(checkpoint, padsToMaxLength: true, backend: backend)
        let expected = try await long.predict(texts, batchSize: 3).first
        // Sorted by length within, in the order given without.
        for batchSize in [1, 3, 16] {
            let found = try await short.predict(texts, batchSize: batchSize).first
            #expect(found.shape == expected.shape)
            expectClose(found.floats, expected.floats, 2e-5)
        }
        let labels = DataArray(texts.indices.map { Int32($0 % 3) })
        let found = try await short.evaluate(x: DataArray(texts), y: labels, batchSize: 3)
        let wanted = try await long.evaluate(x: DataArray(texts), y: labels, batchSize: 3)
        #expect(found["accuracy"] == wanted["accuracy"])
        #expect(abs(try #require(found["loss"]) - #require(wanted["loss"])) < 1e-5)
    }

    /// Without dropout, whose numbers depend on the place of an element.
    @Test(arguments: [Backend.interpreted, .default])
    func trainingIsThatOfThePaddedRun(backend: Backend) async throws {
        func trained(padsToMaxLength: Bool) async throws -> (losses: [Double], [String: [Float]]) {
            let folder = PretrainedGolden.root + "/bert_bare"
            let loaded = try BERT.fromPretrained(
                folder, head: .sequenceClassification(labels: 3), maxLength: 8,
                preprocesses: true, dropout: 0, options: LoadingOptions(seed: 4))
            var model = loaded.model
            if padsToMaxLength {
                model = try fixed(
                    folder,
                    BERTPreprocessor(loaded.tokenizer, maxLength: 8, padsToMaxLength: true))
                try model.setWeights(loaded.weights)
            }
            try model.compile(
                optimizer: .huggingFaceAdamW(learningRate: 0.01),
                loss: .sparseCategoricalCrossentropy(fromLogits: true),
                options: TrainingOptions(seed: 3, backend: backend))
            let labels = DataArray(texts.indices.map { Int32($0 % 3) })
            let history = try await model.fit(
                x: DataArray(texts), y: labels, batchSize: 3, epochs: 3, verbosity: .silent)
            return (history["loss"], try model.weights())
        }
        let short = try await trained(padsToMaxLength: false)
        let long = try await trained(padsToMaxLength: true)
        #expect(short.losses.count == 3)
        for (found, expected) in zip(short.losses, long.losses) {
            #expect(abs(found - expected) < 1e-4)
        }
        // A bias of the keys adds the same to all scores of a row: its gradient is rounding, which
        // Adam makes as large as any other.
        for (name, values) in long.1 where !name.hasSuffix("key/bias") {
            expectClose(try #require(short.1[name]), values, 2e-3)
        }
    }

    /// A model whose output is as long as its input gives one shape for all texts.
    @Test func statesAreFilledUpToTheBound() async throws {
        let folder = PretrainedGolden.root + "/bert_bare"
        let loaded = try BERT.fromPretrained(folder, maxLength: 8, preprocesses: true)
        let states = try await loaded.model.predict(texts, batchSize: 3)
        #expect(states["sequence_output"]?.shape == [10, 8, 15])
        let alone = try await loaded.model.predict([texts[3]])
        let first = try #require(states["sequence_output"]?.floats)[360..<480]
        expectClose(Array(first), try #require(alone["sequence_output"]?.floats), 1e-5)
    }

    @Test func inputsOfDifferentLengthsAreRefused() async throws {
        let folder = PretrainedGolden.root + "/bert_bare"
        let loaded = try BERT.fromPretrained(folder, maxLength: 8)
        func ids(_ length: Int) throws -> DataArray {
            try DataArray([Int32](repeating: 1, count: 2 * length), shape: [2, length])
        }
        func examples(_ lengths: [Int]) throws -> Examples {
            Examples(inputs: try lengths.map { Examples.Input(nil, try ids($0)) })
        }
        // As long as they are, also below the bound.
        let states = try await loaded.model.predict(examples([5, 5, 5]))
        #expect(states["sequence_output"]?.shape == [2, 5, 15])
        let error = await #expect(throws: TrainingError.self) {
            try await loaded.model.predict(examples([5, 6, 5]))
        }
        #expect(
            error?.description
                == "input \"attention_mask\": its rows are 6 long, but those of input "
                + "\"input_ids\" 5; fill them up to one length")
    }

    private func expectClose(
        _ found: [Float], _ expected: [Float], _ tolerance: Float,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(found.count == expected.count, sourceLocation: sourceLocation)
        let largest = zip(found, expected).map { abs($0 - $1) }.max() ?? 0
        #expect(largest <= tolerance, sourceLocation: sourceLocation)
    }
}
