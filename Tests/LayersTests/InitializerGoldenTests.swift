import MartletJSON
import MartletLayers
import TestSupport
import Testing

struct InitializerGoldenTests {
    private func initializer(_ golden: InitializerGolden) throws -> Initializer {
        let json = MartletJSON.JSONValue.object(
            JSONObject([
                ("class_name", .string(golden.initializer)),
                ("config", .object(JSONObject(golden: golden.config))),
            ]))
        return try #require(Initializer(json: json), "\(golden.name)")
    }

    @Test func distributionsAreKeras() throws {
        for golden in try GoldenFile<InitializerGolden>.load("initializers").cases {
            let initializer = try initializer(golden)
            #expect(Initializer(json: initializer.json) == initializer)
            let fans = Fans(input: golden.fanIn, output: golden.fanOut)
            let values = try initializer.values(
                shape: golden.shape, fans: fans, seed: 7, name: golden.name
            ).map(Double.init)
            #expect(values.count == golden.shape.reduce(1, *))
            let count = Double(values.count)
            let mean = values.reduce(0, +) / count
            let deviation = (values.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / count)
                .squareRoot()
            guard let expected = golden.expectedStandardDeviation else {
                // Not random, or orthogonal: what Keras made has the same first two moments.
                let isRandom = golden.initializer == "Orthogonal"
                expectClose(
                    deviation, golden.standardDeviation,
                    tolerance: Tolerance(relative: isRandom ? 0.02 : 1e-6), golden.name)
                continue
            }
            // Six standard errors, of the normal distribution at most.
            let error = 6 / (2 * count).squareRoot()
            expectClose(deviation, expected, tolerance: Tolerance(relative: error), golden.name)
            let centre = golden.config["mean"]?.double ?? (golden.mean > 0.5 ? 1 : 0)
            expectClose(
                mean, centre,
                tolerance: Tolerance(relative: 0, absolute: 6 * expected / count.squareRoot()),
                "\(golden.name), mean")
            if let bound = golden.bound {
                let largest = values.map(abs).max() ?? 0
                #expect(largest <= bound * (1 + 1e-6) && largest > 0.9 * bound, "\(golden.name)")
            }
        }
    }

    @Test func layersScaleByKerasFans() throws {
        var compared = 0
        for golden in try GoldenFile<InitializerGolden>.load("initializers").cases {
            guard let source = golden.layer else { continue }
            var config = JSONObject(golden: source.config)
            config["name"] = "layer"
            let layer = try LayerRegistry.standard.make(source.layer, configuration: config)
            // The input's shape follows from the kernel's; einsum tells how many axes are summed.
            let parameters = try parameters(of: layer, golden)
            let weight = try #require(parameters.first { $0.name == "layer/" + source.weight })
            #expect(weight.extents == golden.shape, "\(golden.name)")
            guard source.layer != "Embedding" else { continue }
            #expect(
                weight.fans == Fans(input: golden.fanIn, output: golden.fanOut), "\(golden.name)")
            #expect(weight.initializer == .glorotUniform)
            compared += 1
        }
        #expect(compared >= 8)
    }

    private func parameters(
        of layer: any Configurable, _ golden: InitializerGolden
    ) throws -> [ParameterSpecification] {
        switch layer {
        case let attention as MultiHeadAttention:
            let x = Input(shape: [5, 64])
            return try Model(inputs: x, outputs: attention(x, x)).parameters
        case let embedding as Embedding:
            let x = Input(shape: [5], dtype: .i32)
            return try Model(inputs: x, outputs: embedding(x)).parameters
        case let layer as any Layer<Tensor, Tensor>:
            let equation = golden.layer?.config["equation"]?.string ?? "ab,bc->ac"
            let inputs: [String: Shape] = [
                "abc,cde->abde": [5, 64], "abcd,cde->abe": [5, 6, 16],
                "ab,bc->ac": [Dimension(golden.shape[0])],
            ]
            let x = Input(shape: try #require(inputs[equation]))
            return try Model(inputs: x, outputs: layer(x)).parameters
        default: return []
        }
    }

    @Test func valuesDependOnSeedAndNameAlone() throws {
        let fans = Fans(input: 8, output: 8)
        func values(_ seed: UInt64, _ name: String) throws -> [Float] {
            try Initializer.glorotUniform.values(shape: [8, 8], fans: fans, seed: seed, name: name)
        }
        #expect(try values(1, "a") == values(1, "a"))
        #expect(try values(1, "a") != values(2, "a"))
        #expect(try values(1, "a") != values(1, "b"))
    }

    @Test(arguments: [[6, 4], [4, 6], [2, 3, 5]]) func orthogonalRowsOrColumns(
        shape: [Int]
    ) throws {
        let values = try Initializer.orthogonal(gain: 2).values(
            shape: shape, fans: Fans(input: 1, output: 1), seed: 3, name: "w")
        let (rows, columns) = (shape.dropLast().reduce(1, *), shape[shape.count - 1])
        let isTall = rows >= columns
        for i in 0..<min(rows, columns) {
            for j in 0..<min(rows, columns) {
                let dot = (0..<max(rows, columns)).reduce(0.0) { sum, k in
                    let a = isTall ? values[k * columns + i] : values[i * columns + k]
                    let b = isTall ? values[k * columns + j] : values[j * columns + k]
                    return sum + Double(a) * Double(b)
                }
                expectClose(dot, i == j ? 4.0 : 0, tolerance: Tolerance(absolute: 1e-5))
            }
        }
    }

    @Test func shapesThatDoNotFitAreRefused() {
        let fans = Fans(input: 1, output: 1)
        #expect(
            throws: LayerError(
                path: "w", "identity initializer: expected rank 2, received [3]")
        ) { try Initializer.identity().values(shape: [3], fans: fans, seed: 0, name: "w") }
        #expect(
            throws: LayerError(
                path: "w", "orthogonal initializer: expected rank 2 or more, received [3]")
        ) { try Initializer.orthogonal().values(shape: [3], fans: fans, seed: 0, name: "w") }
    }
}
