import Foundation
import Martlet
import MartletGraphs
import TestSupport
import Testing

/// Checkpoints that transformers saved give the numbers it computes.
@Suite struct PretrainedGoldenTests {
    static let tolerance = Tolerance(relative: 1e-4, absolute: 1e-5)

    @Test func outputsAreThoseOfTransformers() throws {
        for golden in try PretrainedGolden.load() {
            let loaded = try golden.model()
            #expect(loaded.report.warnings.isEmpty, "\(golden.name)")
            let count = try loaded.model.parameters.map(\.elementCount).reduce(0, +)
            #expect(count == golden.parameterCount, "\(golden.name)")
            let graph = try PassPipeline.inference(verifies: true)
                .run(loaded.model.graph(batchBound: 3))
            let runner = try PlanRunner(graph, loaded.weights)
            try runner.run(golden.inputs)
            func check(_ name: String, _ expected: GoldenTensor) {
                expectClose(
                    runner.output(name, count: expected.values.count), expected,
                    tolerance: Self.tolerance, "\(golden.name) \(name)")
            }
            if let logits = golden.logits { check("logits", logits) }
            guard golden.logits == nil else { continue }
            for (index, states) in golden.hiddenStates.enumerated() {
                check("encoder_outputs/\(index)", states)
            }
            if let last = golden.hiddenStates.last { check("sequence_output", last) }
            if let pooled = golden.poolerOutput {
                check("pooled_output", pooled)
                check("default", pooled)
            }
        }
    }

    /// The lesson's L5 in small: logits, their cross-entropy, AdamW; the encoder is not frozen.
    @Test func fiveStepsOfAdamWGiveTheLossesOfPyTorch() throws {
        var tested = 0
        for golden in try PretrainedGolden.load() {
            guard let labels = golden.labels, let losses = golden.losses else { continue }
            let loaded = try golden.model()
            // Traced for inference, so that nothing is dropped; the weights are trained all the
            // same.
            let traced = try loaded.model.trace(training: false, batchBound: 3)
            let output = traced.outputs[0]
            let loss = Loss.sparseCategoricalCrossentropy(fromLogits: true)
            let type = loss.labelType(for: output.type)
            let given = try traced.builder.append(
                .input(MartletIR.Input("labels", role: .data, type: type)))
            traced.builder.output(
                "loss",
                try loss.emit(labels: given, output: output.value, in: traced.builder).value)
            let optimizer = Optimizer.huggingFaceAdamW(
                learningRate: 1e-2, weightDecay: 0.01, excludedFromWeightDecay: [], clipping: nil)
            let graph = try PassPipeline.training(
                optimizer: AppendOptimizer(optimizer), verifies: true
            ).run(traced.builder.build())
            var state = loaded.weights
            let parameters = traced.parameters.map {
                (name: $0.specification.name, type: $0.specification.type)
            }
            for slot in optimizer.slots(for: parameters) {
                state[slot.name] = [Float](
                    repeating: Float(slot.initialValue),
                    count: slot.type.shape.fixed?.reduce(1, *) ?? 0)
            }
            let runner = try PlanRunner(graph, state)
            var inputs = golden.inputs
            inputs["labels"] = labels
            for (step, expected) in losses.enumerated() {
                try runner.run(inputs, step: step)
                let found = runner.output("loss", count: 1)[0]
                #expect(
                    abs(Double(found) - expected) < 1e-4,
                    "\(golden.name), step \(step): \(found) instead of \(expected)")
            }
            tested += 1
        }
        #expect(tested == 2)
    }

    @Test func parameterCountsAreTheLessons() throws {
        func count(_ model: Model, isTrainable: Bool? = nil) throws -> Int {
            try model.parameters.filter { isTrainable == nil || $0.isTrainable == isTrainable }
                .map(\.elementCount).reduce(0, +)
        }
        #expect(try count(BERT.encoder(.small)) == 4_782_464)
        #expect(try count(BERT.encoder(.miniLM)) == 22_713_216)
        #expect(try count(BERT.encoder(.base)) == 109_482_240)
        #expect(try count(BERT.encoder(.large)) == 335_141_888)
        #expect(try count(DistilBERT.encoder()) == 66_362_880)
        let classifier = try BERT.model(.base, head: .sequenceClassification(labels: 4))
        #expect(try count(classifier) == 109_485_316)
        try classifier.freeze("bert")
        #expect(try count(classifier, isTrainable: true) == 3_076)
        try classifier.setTrainable(true, for: "bert/layer_11")
        #expect(try count(classifier, isTrainable: true) == 3_076 + 7_087_872)
    }

    @Test func smallBERTHasTheLessonsOutputs() throws {
        let bert = try BERT.encoder(.small, maxLength: 128, inputNames: .tensorFlowHub)
        #expect(try bert.inputNames == ["input_word_ids", "input_mask", "input_type_ids"])
        let outputs = try bert.outputs
        #expect(outputs.encoderOutputs.count == 4)
        #expect(try outputs["pooled_output"].shape.dimensions.last == 128)
        #expect(try outputs["sequence_output"].rank == 3)
        #expect(try outputs["sequence_output"].mask != nil)
        #expect(try outputs["default"].rank == 2)
    }

    /// Both fusions that matter find every block: the residuals, and the bias before gelu.
    @Test func blocksAreFused() throws {
        let graph = try PassPipeline.inference().run(
            BERT.encoder(.small, maxLength: 16).graph(batchBound: 2))
        let residuals = graph.nodes.count {
            if case .layerNorm(let norm) = $0.op { norm.hasResidual } else { false }
        }
        let activations = graph.nodes.count {
            if case .biasActivation(let bias) = $0.op { bias.activation == .gelu } else { false }
        }
        #expect(residuals == 8)
        #expect(activations == 4)
    }
}
