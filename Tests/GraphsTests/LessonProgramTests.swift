import Foundation
import Martlet
import MartletGraphs
import Testing

/// The lesson's fourth and fifth program on a tiny folder.
@Suite struct LessonProgramTests {
    private let folder: PretrainedFolder
    private let output: PretrainedFolder
    private let news = (0..<24).map { index in
        AGNewsExample(
            text: ["the news of red", "play the play", "words and a word", "blue uns"][index % 4],
            label: Int32(index % 4))
    }

    init() throws {
        folder = try PretrainedFolder(copyOf: "bert_bare")
        output = try PretrainedFolder(copyOf: "bert_relu")
        for name in ["config.json", "model.safetensors", "vocab.txt"] { try output.remove(name) }
    }

    private var settings: LessonSettings {
        var settings = LessonSettings(pretrained: folder.path)
        settings.maxLength = 7
        settings.batchSize = 4
        settings.stepsPerEpoch = 10
        settings.frozenEpochs = 2
        settings.learningRate = 0.01
        return settings
    }

    /// What the program saved is a classifier of its own; its encoder has learned, too.
    private func check(_ histories: (frozen: History, all: History)) async throws {
        #expect(histories.frozen["val_accuracy"].count == 2)
        #expect(histories.all["val_loss"].count == 3)
        let (first, last) = (histories.all["loss"].first, histories.all["loss"].last)
        #expect(try #require(last) < #require(first))
        #expect(histories.frozen.warnings.isEmpty, "\(histories.frozen.warnings)")
        #expect(histories.all.warnings.isEmpty, "\(histories.all.warnings)")

        let saved = try BERT.fromPretrained(
            output.path, head: .sequenceClassification(), maxLength: 7, preprocesses: true)
        #expect(saved.report.warnings.isEmpty)
        #expect(saved.configuration.labelNames == AGNewsReader.classNames)
        let before = try folder.tensors().floats("encoder.layer.0.attention.self.query.weight")
        let after = try output.tensors().floats(
            "bert.encoder.layer.0.attention.self.query.weight")
        #expect(before.count == after.count)
        #expect(before != after)

        try saved.model.compile(
            optimizer: .adam(), loss: .sparseCategoricalCrossentropy(fromLogits: true),
            metrics: [.accuracy])
        let logs = try await saved.model.evaluate(
            x: DataArray(news.prefix(8).map(\.text)), y: DataArray(news.prefix(8).map(\.label)),
            batchSize: 4)
        let kept = try #require(histories.all["val_loss"].last)
        #expect(abs(try #require(logs["loss"]) - kept) < 1e-5)
    }

    @Test func bertAsALayer() async throws {
        let program = BERTAsLayer(settings)
        let (model, _) = try program.model()
        try model.freeze("bert")
        let trained = try model.parameters.filter(\.isTrainable).map(\.name)
        #expect(trained == ["classifier/kernel", "classifier/bias"])
        try await check(
            program.run(train: news, validation: news, output: output.path, verbosity: .silent))
    }

    @Test func fineTunedBERT() async throws {
        let program = FineTunedBERT(settings)
        #expect(try program.load().report.initialized == ["classifier.weight", "classifier.bias"])
        try await check(
            program.run(train: news, validation: news, output: output.path, verbosity: .silent))
    }
}
