import Foundation
import Martlet
import MartletGraphs
import Testing

/// The lesson's L4 and L5 in small: strings in, a frozen encoder, then all of it, then a folder.
@Suite struct PretrainedTrainingTests {
    @Test func stringsTrainAHeadAndThenTheEncoder() async throws {
        let folder = try PretrainedFolder(copyOf: "bert_bare")
        let loaded = try BERT.fromPretrained(
            folder.path, head: .sequenceClassification(labels: 2), maxLength: 7,
            preprocesses: true, labelNames: ["news", "play"])
        let model = loaded.model
        let texts = (0..<24).map { $0 % 2 == 0 ? "the news of red" : "a play in blue" }
        let labels = DataArray((0..<24).map { Int32($0 % 2) })
        let loss = Loss.sparseCategoricalCrossentropy(fromLogits: true)

        try model.freeze("bert")
        try model.compile(
            optimizer: .adamW(learningRate: 0.05), loss: loss, metrics: [.accuracy])
        try await model.fit(
            x: DataArray(texts), y: labels, batchSize: 8, epochs: 2, verbosity: .silent)
        let frozen = try model.weights()
        let query = "bert/layer_0/attention/query/kernel"
        #expect(frozen[query] == loaded.weights[query])
        #expect(frozen["classifier/kernel"] != loaded.weights["classifier/kernel"])

        try model.setTrainable(true)
        try model.compile(
            optimizer: .adamW(learningRate: 0.01), loss: loss, metrics: [.accuracy])
        try await model.fit(
            x: DataArray(texts), y: labels, batchSize: 8, epochs: 6, verbosity: .silent)
        #expect(try model.weights()[query] != loaded.weights[query])
        let logs = try await model.evaluate(x: DataArray(texts), y: labels)
        #expect(try #require(logs["accuracy"]) == 1)

        try loaded.save(to: folder.path, weights: model.weights())
        let again = try BERT.fromPretrained(
            folder.path, head: .sequenceClassification(), maxLength: 7, preprocesses: true)
        #expect(again.report.warnings.isEmpty)
        let before = try await model.predict(texts)
        #expect(try await again.model.predict(texts) == before)
    }
}
