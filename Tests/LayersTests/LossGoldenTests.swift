import MartletIR
import MartletLayers
import MartletPasses
import TestSupport
import Testing

struct LossGoldenTests {
    /// The loss a golden case names.
    private func loss(_ golden: LossGolden) throws -> Loss {
        let config = golden.config
        let fromLogits = config["from_logits"]?.bool ?? false
        let smoothing = config["label_smoothing"]?.double ?? 0
        var loss: Loss =
            switch golden.loss {
            case "SparseCategoricalCrossentropy":
                .sparseCategoricalCrossentropy(
                    fromLogits: fromLogits, ignoreClass: config["ignore_class"]?.int)
            case "CategoricalCrossentropy":
                .categoricalCrossentropy(fromLogits: fromLogits, labelSmoothing: smoothing)
            case "BinaryCrossentropy":
                .binaryCrossentropy(fromLogits: fromLogits, labelSmoothing: smoothing)
            case "MeanSquaredError": .meanSquaredError
            case "MeanAbsoluteError": .meanAbsoluteError
            case "CosineSimilarity": .cosineSimilarity(axis: config["axis"]?.int ?? -1)
            case "Huber": .huber(delta: config["delta"]?.double ?? 1)
            case "BinaryFocalCrossentropy":
                .binaryFocalCrossentropy(
                    appliesClassBalancing: config["apply_class_balancing"]?.bool ?? false,
                    alpha: config["alpha"]?.double ?? 0.25, gamma: config["gamma"]?.double ?? 2,
                    fromLogits: fromLogits)
            case "CategoricalFocalCrossentropy": .categoricalFocalCrossentropy()
            case "LogCosh": .logCosh
            case "KLDivergence": .klDivergence
            case "Hinge": .hinge
            case "SquaredHinge": .squaredHinge
            case "CategoricalHinge": .categoricalHinge
            case "MeanAbsolutePercentageError": .meanAbsolutePercentageError
            case "MeanSquaredLogarithmicError": .meanSquaredLogarithmicError
            case "Poisson": .poisson
            default: throw UnknownCase(name: golden.loss)
            }
        if let reduction = config["reduction"]?.string {
            loss.reduction = try #require(LossReduction(rawValue: reduction))
        }
        return loss
    }

    struct UnknownCase: Error { let name: String }

    @Test func valuesAndGradientsAreKeras() throws {
        for golden in try GoldenFile<LossGolden>.load("losses").cases {
            let loss = try loss(golden)
            var graph = GoldenGraph()
            let b = graph.builder
            let prediction = try graph.input("prediction", golden.yPred, role: .parameter)
            let output =
                switch golden.activation {
                case "softmax":
                    try b.append(
                        .softmax(MartletIR.Softmax(axis: golden.yPred.shape.count - 1)), prediction)
                case "sigmoid": try b.unary(.logistic, prediction)
                default: prediction
                }
            let emitted = try loss.emit(
                labels: graph.input("labels", golden.yTrue), output: output,
                mask: graph.optionalInput("mask", golden.mask),
                sampleWeight: graph.optionalInput("weight", golden.sampleWeight), in: b)
            b.output("value", emitted.value)
            let weighted = try b.multiply(
                emitted.value, graph.input("cotangent", golden.cotangent))
            let axes = Array(0..<b.type(of: weighted).rank)
            b.output("total", try b.reduce(.sum, weighted, axes: axes))
            let results = try graph.run { try Differentiate(loss: "total").run($0) }
            let value = try #require(results["value"])
            expectClose(value.elements, golden.value, shape: value.shape, golden.name)
            let gradient = try #require(results["gradient/prediction"])
            expectClose(
                gradient.elements, golden.gradient, shape: gradient.shape,
                tolerance: Tolerance(relative: 2e-5, absolute: 2e-6),
                "\(golden.name), gradient")
        }
    }
}
