import MartletLayers
import TestSupport
import Testing

struct TraceTests {
    @Test func theLessonsClassifierHasItsParameters() throws {
        let golden = try #require(try GoldenFile<LessonGolden>.load("l3").cases.first)
        let parameters = try Lesson.classifier().parameters
        func count(_ prefix: String) -> Int {
            parameters.filter { $0.name.hasPrefix(prefix + "/") }.map(\.elementCount).reduce(0, +)
        }
        #expect(count("embedding") == 648_192)
        #expect(count("transformer_block") == 10_656)
        #expect(count("hidden") == 660)
        #expect(count("classifier") == 84)
        #expect(Set(parameters.map(\.name)) == Set(golden.initialWeights.map(\.name)))
        #expect(parameters.count == golden.initialWeights.count)
    }

    @Test func theLessonsClassifierPredictsAsKeras() throws {
        for golden in try GoldenFile<LessonGolden>.load("l3").cases {
            let sizes = golden.sizes
            let model = try Lesson.classifier(
                vocabularySize: sizes.vocabularySize, length: sizes.length, dimension: sizes.size,
                heads: sizes.heads, feedForward: sizes.innerSize, hiddenUnits: sizes.hiddenUnits,
                classes: sizes.classes)
            let graph = try model.graph(batchBound: golden.ids.shape[0])
            var values = ["ids": ReferenceTensor(golden: golden.ids)]
            for weight in golden.initialWeights {
                values[weight.name] = ReferenceTensor(golden: weight.tensor)
            }
            let results = try ReferenceInterpreter().run(graph, values)
            let predictions = try #require(results["classifier"])
            expectClose(predictions.elements, golden.initialPredictions, golden.name)
        }
    }

    @Test func trainingDropsAndInferenceDoesNot() throws {
        let model = try Lesson.classifier()
        let training = try model.trace(training: true, batchBound: 128)
        let inference = try model.trace(training: false, batchBound: 128)
        func dropouts(_ traced: TracedModel) -> [String] {
            traced.builder.nodes.compactMap {
                if case .dropout(let op) = $0.op { "\(op.stream) \($0.path)" } else { nil }
            }
        }
        #expect(
            dropouts(training) == [
                "0 transformer_block/dropouts/0", "1 transformer_block/dropouts/1", "2 dropout",
                "3 dropout_1",
            ])
        #expect(dropouts(inference).isEmpty)
        #expect(training.seed != nil && training.step != nil)
        #expect(inference.seed == nil && inference.step == nil)
        #expect(
            training.parameters.map(\.specification) == inference.parameters.map(\.specification))
        #expect(training.outputs.map(\.name) == ["classifier"])
        #expect(training.outputs[0].type.description == "f32[batch, 4]")
        try Verifier.verify(model.graph(training: true, batchBound: 128))
    }

    @Test func aDoubleTraceHasNoFloat32() throws {
        let graph = try Lesson.classifier().graph(training: true, batchBound: 2, floatType: .f64)
        try Verifier.verify(graph)
        #expect(!graph.nodes.contains { $0.types.contains { $0.dtype == .f32 } })
    }

    @Test func theStepInputIsMadeOnce() throws {
        let x = Input(shape: [2])
        let model = try Model(inputs: x, outputs: try Dense(1)(x))
        var traced = try model.trace(training: true, batchBound: 4)
        #expect(traced.step == nil)
        let step = try traced.stepInput()
        #expect(try traced.stepInput() == step)
        #expect(traced.builder.type(of: step) == TensorType(.i64, .scalar))
    }

    @Test func frozenWeightsAreConstants() throws {
        let model = try Lesson.classifier()
        try model.freeze("transformer_block")
        try model.setTrainable(true, for: "transformer_block/inner")
        let traced = try model.trace(training: true, batchBound: 8)
        let frozen = traced.parameters.map(\.specification).filter { !$0.isTrainable }.map(\.name)
        #expect(frozen.count == 14)
        #expect(frozen.allSatisfy { $0.hasPrefix("transformer_block/") && !$0.contains("/inner/") })
        for parameter in traced.parameters {
            guard case .input(let input) = traced.builder.nodes[parameter.value.node].op else {
                Issue.record("\(parameter.specification.name) is no input")
                continue
            }
            #expect(input.role == (parameter.specification.isTrainable ? .parameter : .constant))
        }
        try model.setTrainable(true)
        #expect(try model.parameters.allSatisfy(\.isTrainable))
        #expect(
            throws: LayerError(
                path: "news",
                "no weight lies below \"bert\"; the layers with weights are embedding, "
                    + "transformer_block, hidden, classifier")
        ) { try model.freeze("bert") }
    }

    @Test func aFrozenNestedModelStaysFrozen() throws {
        let x = Input(shape: [4])
        let inner = try Model("inner", inputs: x, outputs: try Dense(3)(x))
        try inner.freeze()
        let y = Input(shape: [4])
        let outer = try Model(inputs: y, outputs: try Dense(2)(inner(y)))
        #expect(
            try outer.parameters.map { "\($0.name) \($0.isTrainable)" } == [
                "inner/dense/kernel false", "inner/dense/bias false", "dense/kernel true",
                "dense/bias true",
            ])
        try outer.setTrainable(true, for: "inner")
        #expect(try outer.parameters.allSatisfy(\.isTrainable))
    }
}
