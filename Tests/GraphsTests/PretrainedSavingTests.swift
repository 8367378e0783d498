import Foundation
import Martlet
import MartletGraphs
import Testing

@Suite struct PretrainedSavingTests {
    /// Saved, a checkpoint has the tensors, names and configuration that transformers gave it.
    @Test func roundTripIsExact() throws {
        for golden in try PretrainedGolden.load() {
            let loaded = try golden.model()
            let folder = try PretrainedFolder(copyOf: golden.name)
            for name in ["model.safetensors", "config.json", "vocab.txt"] {
                try folder.remove(name)
            }
            try loaded.save(folder.path)
            let original = try SafetensorsFile(path: "\(golden.folder)/model.safetensors")
            let saved = try folder.tensors()
            #expect(saved.header.metadata.contains { $0 == ("format", "pt") })
            #expect(Set(saved.tensors.map(\.name)) == Set(original.tensors.map(\.name)))
            for tensor in original.tensors {
                #expect(try saved.tensor(tensor.name).shape == tensor.shape, "\(tensor.name)")
                #expect(
                    try saved.bytes(tensor.name) == original.bytes(tensor.name), "\(tensor.name)")
            }
            let config = try folder.config()
            let before = try PretrainedFolder(copyOf: golden.name).config()
            for member in before.members {
                #expect(config[member.key] == member.value, "\(golden.name) \(member.key)")
            }
            #expect(try LoadedModel(folder.path, golden.head).weights == loaded.weights)
        }
    }

    @Test func newHeadIsSavedWithItsLabels() throws {
        let loaded = try BERT.fromPretrained(
            PretrainedGolden.named("bert_bare").folder, head: .sequenceClassification(labels: 2),
            labelNames: ["no", "yes"])
        let folder = try PretrainedFolder(copyOf: "bert_bare")
        try loaded.save(to: folder.path)
        let config = try folder.config()
        #expect(config["architectures"] == ["BertForSequenceClassification"])
        #expect(config["id2label"] == ["0": "no", "1": "yes"])
        #expect(config["label2id"] == ["no": 0, "yes": 1])
        #expect(try folder.tensors().header["bert.pooler.dense.bias"] != nil)
        let again = try BERT.fromPretrained(folder.path, head: .sequenceClassification())
        #expect(again.report.warnings.isEmpty)
        #expect(again.weights == loaded.weights)
        #expect(again.configuration.labelNames == ["no", "yes"])
    }

    @Test func missingWeightsAreNotSaved() throws {
        let loaded = try BERT.fromPretrained(PretrainedGolden.named("bert_relu").folder)
        let folder = try PretrainedFolder(copyOf: "bert_relu")
        var weights = loaded.weights
        weights["pooler/bias"] = nil
        #expect(throws: PretrainedError.self) { try loaded.save(to: folder.path, weights: weights) }
    }

    /// The preprocessor is the model's first layer, so that the model takes strings.
    @Test func preprocessorFillsTheThreeInputs() throws {
        let loaded = try BERT.fromPretrained(
            PretrainedGolden.named("bert_classifier").folder, head: .sequenceClassification(),
            maxLength: 8, preprocesses: true)
        #expect(try loaded.model.stringInputNames == ["text"])
        let traced = try loaded.model.trace(training: false, batchBound: 2)
        let stage = try #require(traced.hostPrefix.first)
        #expect(
            stage.inputs == [
                "bert_preprocessor/input_word_ids", "bert_preprocessor/input_mask",
                "bert_preprocessor/input_type_ids",
            ])
        let found = try encode(stage.layer, [["the news", "in a word of the day and"]])
        #expect(
            found == [
                [2, 5, 10, 3, 0, 0, 0, 0, 2, 9, 11, 12, 6, 5, 1, 3],
                [1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1],
                [Int32](repeating: 0, count: 16),
            ])
        let pairs = BERTPreprocessor(loaded.tokenizer, maxLength: 6, takesPairs: true)
        #expect(
            try encode(pairs, [["the"], ["news"]])
                == [[2, 5, 3, 10, 3, 0], [1, 1, 1, 1, 1, 0], [0, 0, 0, 1, 1, 0]])
    }

    private func encode(_ layer: any HostLayer, _ columns: [[String]]) throws -> [[Int32]] {
        let count = try layer.outputs()[0].shape.dimensions[0].bound ?? 0
        let rowCount = columns[0].count
        let buffers = try layer.outputs().map { _ in
            UnsafeMutableBufferPointer<Int32>.allocate(capacity: count * rowCount)
        }
        defer { for buffer in buffers { buffer.deallocate() } }
        for buffer in buffers { buffer.initialize(repeating: -1) }
        try layer.encode(columns, into: buffers.map { .int32($0) })
        return buffers.map { Array($0) }
    }
}
