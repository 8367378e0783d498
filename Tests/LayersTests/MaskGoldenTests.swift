import MartletJSON
import MartletLayers
import TestSupport
import Testing

/// Which layers make, pass, merge, consume or drop masks, against Keras.
struct MaskGoldenTests {
    private final class Custom: Layer {
        func call(_ x: Tensor, context: CallContext) throws -> Tensor { try -x }
    }

    private final class Declared: Layer {
        var maskRule: MaskRule { .propagate }
        func call(_ x: Tensor, context: CallContext) throws -> Tensor { try -x }
    }

    @Test func masksPassAsInKeras() throws {
        let known = Set(LayerRegistry.standard.classNames + ["Lambda", "custom layer", "x + y"])
        let cases = try GoldenFile<MaskGolden>.load("masks").cases.filter {
            known.contains($0.layer)
        }
        #expect(cases.count > 40)
        for golden in cases {
            var inputs: [Tensor] = []
            var tensors: [Tensor] = []
            var values: [String: ReferenceTensor] = [:]
            for (index, input) in golden.inputs.enumerated() {
                let x = Input(shape: Shape(Array(input.shape.dropFirst())), name: "x\(index)")
                inputs.append(x)
                values["x\(index)"] = ReferenceTensor(.f32, shape: input.shape, repeating: 0.5)
                guard let mask = input.mask else {
                    tensors.append(x)
                    continue
                }
                let given = Input(
                    shape: Shape(Array(mask.shape.dropFirst())), dtype: .bool, name: "m\(index)")
                inputs.append(given)
                values["m\(index)"] = ReferenceTensor(golden: mask)
                tensors.append(try x.masked(by: given))
            }
            let output = try apply(golden, tensors)
            let model = try Model(inputs: inputs, outputs: ["y": output])
            let traced = try model.trace(training: false, batchBound: golden.inputs[0].shape[0])
            for parameter in traced.parameters.map(\.specification) {
                values[parameter.name] = ReferenceTensor(.f32, shape: parameter.extents)
            }
            let result = traced.outputs[0]
            let b = traced.builder
            b.output("y", result.value)
            if let mask = result.mask { b.output("mask", mask) }
            let results = try ReferenceInterpreter().run(b.build(), values)
            #expect(results["y"]?.shape == golden.outputShape, "\(golden.name)")
            #expect(
                results["mask"]?.elements == golden.outputMask?.values, "\(golden.name)")
            #expect(
                !traced.diagnostics.isEmpty == golden.warns,
                "\(golden.name): \(traced.diagnostics)")
        }
    }

    private func apply(_ golden: MaskGolden, _ tensors: [Tensor]) throws -> Tensor {
        switch golden.layer {
        case "Lambda": return try Lambda { try -$0 }(tensors[0])
        case "custom layer":
            return golden.name.contains("supports_masking")
                ? try Declared()(tensors[0]) : try Custom()(tensors[0])
        case "x + y": return try tensors[0] + tensors[1]
        default: break
        }
        let layer = try LayerRegistry.standard.make(
            golden.layer, configuration: JSONObject(golden: golden.config))
        switch layer {
        case let layer as any Layer<Tensor, Tensor>: return try layer(tensors[0])
        case let layer as any Layer<[Tensor], Tensor>: return try layer(tensors)
        case let layer as MultiHeadAttention: return try layer(tensors[0], tensors[1])
        default: throw LossGoldenTests.UnknownCase(name: golden.name)
        }
    }

    @Test func theWarningNamesTheLayer() throws {
        let x = Input(shape: [4], dtype: .i32)
        let embedded = try Embedding(inputDimension: 5, outputDimension: 2, maskZero: true)(x)
        let model = try Model(inputs: x, outputs: try Flatten(name: "flat")(embedded))
        #expect(
            model.declarationDiagnostics.map(\.description) == [
                "flat: Flatten was given a masked input but does not support masks; "
                    + "the mask ends here, and padding counts as tokens do from here on. Choose a "
                    + "layer that takes masks, or say withoutMask() before it"
            ])
    }
}
