import MartletLayers
import Testing

struct TraceTests {
    @Test func theLessonsClassifierHasItsParameters() throws {
        let model = try Lesson.classifier()
        let parameters = try model.parameters
        func count(_ prefix: String) -> Int {
            parameters.filter { $0.name.hasPrefix(prefix + "/") }.map(\.elementCount).reduce(0, +)
        }
        #expect(count("token_and_position_embedding") == 648_192)
        #expect(count("transformer_block") == 10_656)
        #expect(count("dense") == 660)
        #expect(count("dense_1") == 84)
        #expect(
            parameters.map(\.name) == [
                "token_and_position_embedding/token/embeddings",
                "token_and_position_embedding/position/embeddings",
                "transformer_block/attention/query/kernel",
                "transformer_block/attention/query/bias",
                "transformer_block/attention/key/kernel",
                "transformer_block/attention/key/bias",
                "transformer_block/attention/value/kernel",
                "transformer_block/attention/value/bias",
                "transformer_block/attention/attention_output/kernel",
                "transformer_block/attention/attention_output/bias",
                "transformer_block/normalization1/gamma",
                "transformer_block/normalization1/beta",
                "transformer_block/feed_forward/dense/kernel",
                "transformer_block/feed_forward/dense/bias",
                "transformer_block/feed_forward/dense_1/kernel",
                "transformer_block/feed_forward/dense_1/bias",
                "transformer_block/normalization2/gamma",
                "transformer_block/normalization2/beta",
                "dense/kernel", "dense/bias", "dense_1/kernel", "dense_1/bias",
            ])
    }

    @Test func trainingDropsAndInferenceDoesNot() throws {
        let model = try Lesson.classifier()
        let training = try model.trace(training: true, batchBound: 128)
        let inference = try model.trace(training: false, batchBound: 128)
        func dropouts(_ traced: TracedModel) -> [Int] {
            traced.builder.nodes.compactMap {
                if case .dropout(let op) = $0.op { op.stream } else { nil }
            }
        }
        #expect(dropouts(training) == [0, 1, 2, 3])
        #expect(dropouts(inference).isEmpty)
        #expect(training.seed != nil && training.step != nil)
        #expect(inference.seed == nil && inference.step == nil)
        #expect(
            training.parameters.map(\.specification) == inference.parameters.map(\.specification))
        #expect(training.outputs.map(\.name) == ["dense_1"])
        #expect(training.outputs[0].type.description == "f32[batch, 4]")
        try Verifier.verify(model.graph(training: true, batchBound: 128))
    }
}
