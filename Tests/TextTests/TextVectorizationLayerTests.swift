import MartletJSON
import MartletLayers
import MartletText
import Testing

struct TextVectorizationLayerTests {
    private func adapted() throws -> TextVectorization {
        let layer = TextVectorization(maxTokens: 10, outputSequenceLength: 4)
        try layer.adapt(["the cat sat", "the dog sat"])
        return layer
    }

    @Test func itIsTheHostPrefixOfAModel() throws {
        let layer = try adapted()
        let model = try Sequential {
            layer
            Embedding(inputDimension: 10, outputDimension: 2)
            GlobalAveragePooling1D()
        }
        #expect(try model.stringInputNames == ["text"])
        let traced = try model.trace(training: false, batchBound: 8)
        let stage = try #require(traced.hostPrefix.first)
        #expect(traced.hostPrefix.count == 1)
        #expect(stage.name == "text_vectorization")
        #expect(stage.strings == ["text"] && stage.inputs == ["text_vectorization"])
        #expect(
            traced.inputs.map { "\($0.name) \($0.type)" } == [
                "text_vectorization i32[batch, 4]"
            ])
        var ids = [Int32](repeating: -1, count: 8)
        try ids.withUnsafeMutableBufferPointer { buffer in
            try stage.layer.encode([["The cat!", "a dog sat on the mat"]], into: [.int32(buffer)])
        }
        #expect(ids == [2, 5, 0, 0, 1, 4, 3, 1])
    }

    @Test func featuresAreFloats() throws {
        let layer = TextVectorization(maxTokens: 6, outputMode: .multiHot, padToMaxTokens: true)
        let model = try Sequential {
            layer
            Dense(1)
        }
        try layer.adapt(["a b", "b c"])
        let traced = try model.trace(training: true, batchBound: 2)
        #expect(traced.inputs[0].type.description == "f32[batch, 6]")
        var features = [Float](repeating: 9, count: 12)
        try features.withUnsafeMutableBufferPointer { buffer in
            try layer.encode([["b b", "z"]], into: [.float(buffer)])
        }
        #expect(features == [0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0])
    }

    @Test func itReadsBackWithItsVocabulary() throws {
        let layer = try adapted()
        let model = try Sequential("words") {
            layer
            Embedding(inputDimension: 10, outputDimension: 2)
        }
        let text = try model.json().text()
        let again = try Model.make(from: JSONValue(parsing: text), registry: .withText)
        let traced = try again.trace(training: false, batchBound: 2)
        let read = try #require(traced.hostPrefix.first?.layer as? TextVectorization)
        #expect(try read.vectorizer.vocabulary == layer.vectorizer.vocabulary)
        #expect(read.options == layer.options)
        #expect(try again.graph(batchBound: 2) == model.graph(batchBound: 2))
    }

    @Test func errorsComeWhereTheLayerIsUsed() throws {
        #expect(throws: TextVectorizationError.self) {
            try Sequential { TextVectorization(maxTokens: 1, outputSequenceLength: 4) }
        }
        #expect(
            throws: LayerError(
                path: "text_vectorization",
                "the length of a row is not known; set outputSequenceLength")
        ) { try Sequential { TextVectorization() } }
        #expect(
            throws: LayerError(
                path: "text_vectorization",
                "the number of features is not known yet; adapt the layer first, or set "
                    + "padToMaxTokens")
        ) { try Sequential { TextVectorization(outputMode: .count) } }
        let inner = try Sequential("inner") { try adapted() }
        #expect(
            throws: LayerError(
                path: "inner",
                "a model that takes strings cannot be a layer of another; put its host layer at "
                    + "the front of the outer model")
        ) { try inner(Input(shape: [4], dtype: .i32)) }
    }
}
