import MartletJSON
import MartletLayers
import MartletPasses
import TestSupport
import Testing

/// Every layer against Keras: outputs, output masks, gradients of inputs and weights.
struct LayerGoldenTests {
    static let cases: [LayerGolden] = {
        let known = Set(LayerRegistry.standard.classNames)
        return
            (try? GoldenFile<LayerGolden>.load("layers").cases.filter { known.contains($0.layer) })
            ?? []
    }()

    @Test func everyGoldenLayerIsKnown() throws {
        let all = Set(try GoldenFile<LayerGolden>.load("layers").cases.map(\.layer))
        #expect(all.subtracting(LayerRegistry.standard.classNames) == [])
        #expect(Self.cases.count > 150)
    }

    /// Along one random direction through all inputs and weights, in Float64.
    @Test(arguments: cases.indices) func gradientsAreFiniteDifferences(index: Int) throws {
        let golden = Self.cases[index]
        let application = try GoldenApplication(golden, floatType: .f64)
        // Where two elements are equal or a row is forbidden there is a corner or no slope at all.
        let corners = ["Masking/", "all masked", "large logits", "tiny input"]
        guard !corners.contains(where: golden.name.contains) else { return }
        let names = application.differentiable
        guard !names.isEmpty else { return }
        var random = SplitMix64(seed: UInt64(index))
        var directions: [String: [Double]] = [:]
        for name in names {
            let count = try #require(application.values[name]).elements.count
            directions[name] = (0..<count).map { _ in random.normal() }
        }
        func loss(_ distance: Double) throws -> Double {
            var moved = application
            for (name, direction) in directions {
                for index in direction.indices {
                    moved.values[name]?.elements[index] += distance * direction[index]
                }
            }
            return try #require(try moved.run()["loss"]).elements[0]
        }
        let results = try application.run()
        var expected = 0.0
        for (name, direction) in directions {
            let gradient = try #require(results[Differentiate.gradientName(of: name)])
            for (slope, step) in zip(gradient.elements, direction) { expected += slope * step }
        }
        let step = 1e-5
        let actual = try (loss(step) - loss(-step)) / (2 * step)
        expectClose(
            actual, expected, tolerance: Tolerance(relative: 1e-6, absolute: 1e-7), golden.name)
    }

    @Test(arguments: cases.indices) func equalsKeras(index: Int) throws {
        let golden = Self.cases[index]
        let application = try GoldenApplication(golden)
        let results = try application.run()
        for (number, output) in golden.outputs.enumerated() {
            let actual = try #require(results["output \(number)"])
            expectClose(
                actual.elements, output.tensor, shape: actual.shape,
                tolerance: Tolerance(relative: 2e-5, absolute: 2e-6),
                "\(golden.name): output \(number)")
            let mask = results["mask \(number)"]
            #expect(mask?.elements == output.mask?.values, "\(golden.name): mask \(number)")
        }
        let tolerance = Tolerance(relative: 1e-4, absolute: 2e-5)
        for input in golden.inputs {
            guard let gradient = input.gradient else { continue }
            let actual = try #require(results[Differentiate.gradientName(of: input.name)])
            expectClose(
                actual.elements, gradient, shape: actual.shape, tolerance: tolerance,
                "\(golden.name): gradient of \(input.name)")
        }
        for weight in golden.weights {
            let name = Differentiate.gradientName(of: "layer/" + weight.name)
            let actual = try #require(results[name], "\(golden.name): \(weight.name) is missing")
            expectClose(
                actual.elements, weight.gradient, shape: actual.shape, tolerance: tolerance,
                "\(golden.name): gradient of \(weight.name)")
        }
        #expect(
            application.parameters.sorted() == golden.weights.map { "layer/" + $0.name }.sorted())
    }
}

/// One golden call as a model of one layer, with `Σ output · cotangent` as its loss.
struct GoldenApplication {
    let golden: LayerGolden
    let traced: TracedModel
    var values: [String: ReferenceTensor] = [:]
    /// The inputs and weights that have a gradient.
    let differentiable: [String]
    private let graph: Graph

    var parameters: [String] { traced.parameters.map(\.specification.name) }

    init(_ golden: LayerGolden, floatType: DType = .f32) throws {
        self.golden = golden
        var config = JSONObject(golden: golden.config)
        config["name"] = "layer"
        let layer = try LayerRegistry.standard.make(golden.layer, configuration: config)
        var inputs: [Tensor] = []
        var tensors: [String: Tensor] = [:]
        for input in golden.inputs {
            let dtype = ReferenceTensor(golden: input.tensor).dtype
            var tensor = Input(
                shape: Shape(Array(input.tensor.shape.dropFirst())), dtype: dtype, name: input.name)
            inputs.append(tensor)
            values[input.name] = ReferenceTensor(golden: input.tensor)
            if let mask = input.mask {
                let name = "mask of \(input.name)"
                let given = Input(
                    shape: Shape(Array(mask.shape.dropFirst())), dtype: .bool, name: name)
                inputs.append(given)
                values[name] = ReferenceTensor(golden: mask)
                tensor = try tensor.masked(by: given)
            }
            tensors[input.name] = tensor
        }
        let outputs = try Self.apply(layer, golden, tensors)
        let model = try Model(
            inputs: inputs,
            outputs: NamedTensors(
                names: outputs.indices.map { "output \($0)" }, values: outputs))
        let batch = golden.inputs[0].tensor.shape[0]
        traced = try model.trace(
            training: golden.training, batchBound: batch, floatType: floatType)
        for weight in golden.weights {
            values["layer/" + weight.name] = ReferenceTensor(golden: weight.tensor)
        }
        if golden.training {
            values["seed"] = ReferenceTensor(.i64, shape: [], elements: [1])
            values["step"] = ReferenceTensor(.i64, shape: [], elements: [0])
        }
        for (number, output) in golden.outputs.enumerated() {
            values["cotangent \(number)"] = ReferenceTensor(golden: output.cotangent)
        }
        for (name, value) in values where value.dtype == .f32 { values[name]?.dtype = floatType }
        differentiable =
            golden.inputs.filter { $0.gradient != nil }.map(\.name)
            + golden.weights.map { "layer/" + $0.name }
        graph = try Self.graph(traced, differentiable)
    }

    private static func apply(
        _ layer: any Configurable, _ golden: LayerGolden, _ tensors: [String: Tensor]
    ) throws -> [Tensor] {
        let first = try #require(golden.inputs.first.flatMap { tensors[$0.name] })
        switch layer {
        case let layer as Softmax:
            return [try tensors["mask"].map { try layer(first, mask: $0) } ?? layer(first)]
        case let layer as any Layer<Tensor, Tensor>: return [try layer(first)]
        case let layer as any Layer<[Tensor], Tensor>:
            return [try layer(golden.inputs.compactMap { tensors[$0.name] })]
        case let layer as MultiHeadAttention:
            let value = try #require(tensors["value"])
            let causal = golden.call["use_causal_mask"]?.bool ?? false
            guard golden.call["return_attention_scores"]?.bool == true else {
                return [
                    try layer(
                        first, value, key: tensors["key"],
                        attentionMask: tensors["attention_mask"], useCausalMask: causal)
                ]
            }
            let result = try layer.withScores(
                first, value, key: tensors["key"], attentionMask: tensors["attention_mask"],
                useCausalMask: causal)
            return [result.output, result.scores]
        default: throw LossGoldenTests.UnknownCase(name: golden.name)
        }
    }

    /// Outputs, masks, loss and gradients by name.
    private static func graph(
        _ traced: TracedModel, _ differentiable: [String]
    ) throws -> Graph {
        let b = traced.builder
        var total = try b.constant(0, traced.floatType)
        for (number, output) in traced.outputs.enumerated() {
            b.output("output \(number)", output.value)
            if let mask = output.mask { b.output("mask \(number)", mask) }
            let cotangent = try b.append(
                .input(
                    MartletIR.Input("cotangent \(number)", role: .data, type: output.type)))
            let product = try b.multiply(output.value, cotangent)
            let sum = try b.reduce(.sum, product, axes: Array(0..<output.type.rank))
            total = try b.add(total, sum)
        }
        b.output("loss", total)
        let graph = try Differentiate(loss: "loss", inputs: differentiable).run(b.build())
        try Verifier.verify(graph)
        return graph
    }

    func run() throws -> [String: ReferenceTensor] {
        let precision: ReferenceInterpreter.Precision =
            traced.floatType == .f64 ? .float64 : .declared
        return try ReferenceInterpreter(precision: precision).run(graph, values)
    }
}

extension JSONObject {
    /// A golden case's configuration as the layers read it.
    init(golden: TestSupport.JSONValue) {
        self.init((golden.object ?? [:]).map { ($0.key, MartletJSON.JSONValue(golden: $0.value)) })
    }
}

extension MartletJSON.JSONValue {
    init(golden: TestSupport.JSONValue) {
        switch golden {
        case .null: self = .null
        case .bool(let value): self = .bool(value)
        case .number(let value):
            self = Int64(exactly: value).map { .integer($0) } ?? .number(value)
        case .string(let value): self = .string(value)
        case .array(let values): self = .array(values.map { Self(golden: $0) })
        case .object: self = .object(JSONObject(golden: golden))
        }
    }
}
