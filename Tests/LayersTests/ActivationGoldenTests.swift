import MartletJSON
import MartletLayers
import MartletPasses
import TestSupport
import Testing

struct ActivationGoldenTests {
    private let tinyNegative = Double(Float(-1e-8))

    @Test func equalKerasWithTheirSlopes() throws {
        let cases = try GoldenFile<ActivationGolden>.load("activations").cases
        for golden in cases {
            let json = MartletJSON.JSONValue.object(
                JSONObject([
                    ("class_name", .string(golden.activation)),
                    ("config", .object(JSONObject(golden: golden.config))),
                ]))
            let function = try #require(ActivationFunction(json: json), "\(golden.name)")
            let shape = golden.x.shape
            let x = Input(shape: Shape(Array(shape.dropFirst())), name: "x")
            let model = try Model(inputs: [x], outputs: ["y": try Activation(function)(x)])
            let traced = try model.trace(training: false, batchBound: shape[0])
            let b = traced.builder
            let weights = try b.append(
                .input(MartletIR.Input("cotangent", role: .data, type: traced.outputs[0].type)))
            traced.declareOutputs()
            b.output(
                "loss",
                try b.reduce(
                    .sum, b.multiply(traced.outputs[0].value, weights),
                    axes: Array(shape.indices)))
            let graph = try Differentiate(inputs: ["x"]).run(b.build())
            let results = try ReferenceInterpreter().run(
                graph,
                [
                    "x": ReferenceTensor(golden: golden.x),
                    "cotangent": ReferenceTensor(golden: golden.cotangent),
                ])
            let tolerance = Tolerance(relative: 1e-5, absolute: 1e-6)
            let y = try #require(results["y"])
            expectClose(y.elements, golden.y, tolerance: tolerance, golden.name)
            var gradient = try #require(results["gradient/x"])
            if golden.activation == "selu", let tiny = golden.x.values.firstIndex(of: tinyNegative)
            {
                // TensorFlow loses eˣ - 1 to rounding there and takes the slope of the other side.
                expectClose(gradient.elements[tiny], 1.7580993)
                gradient.elements[tiny] = golden.gradient.values[tiny]
            }
            expectClose(
                gradient.elements, golden.gradient,
                tolerance: Tolerance(relative: 1e-5, absolute: 4e-6),
                "\(golden.name), gradient")
        }
        #expect(
            Set(cases.map(\.activation)).subtracting(["threshold"])
                == Set(ActivationFunction.named.map(\.name)))
    }

    @Test func namesReadBack() {
        for function in ActivationFunction.named {
            #expect(ActivationFunction(json: function.json) == function)
        }
        let given: [ActivationFunction] = [
            .boundedReLU(negativeSlope: 0.1, maximum: 6, threshold: 0.5), .elu(alpha: 0.5),
            .gelu(approximate: true), .threshold(0.5, defaultValue: -1), .softmax(axis: 1),
        ]
        for function in given { #expect(ActivationFunction(json: function.json) == function) }
        #expect(ActivationFunction(name: "swish") == .silu)
        #expect(ActivationFunction(name: "nothing") == nil)
    }
}
