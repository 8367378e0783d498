import MartletIR

/// A small transformer classifier with its loss, over sequences whose number and length are both
/// bounded symbols: what plans of real models look like, at odd sizes.
package struct SequenceGraph {
    package let graph: Graph
    package let inputs: [String: ReferenceTensor]
    /// The actual extents.
    package let extents: [String: Int]

    /// - Parameters:
    ///   - bounds: of batch and length; the actual extents may be less.
    ///   - hasFixedLength: whether the length is a number in the graph.
    ///   - readsFirst: whether the head reads the first position only, not the mean of all too.
    ///   - mask: what is no padding, `batch * length` elements: the keys of both layers, and what the
    ///     mean is over. Without it, each layer has a random mask, and the mean is over all.
    package init(
        batch: Int, length: Int, bounds: (batch: Int, length: Int), hasFixedLength: Bool = false,
        dropoutRate: Double = 0.2, readsFirst: Bool = false, mask: [Double]? = nil
    ) throws {
        var generator = Generator(
            batch: batch, length: length, bounds: bounds, hasFixedLength: hasFixedLength,
            rate: dropoutRate, readsFirst: readsFirst, mask: mask)
        try generator.build()
        graph = try generator.b.build()
        inputs = generator.inputs
        extents = ["batch": batch, "length": length]
    }

    private struct Generator {
        let b = GraphBuilder(name: "sequence")
        var inputs: [String: ReferenceTensor] = [:]
        let extents: SymbolExtents
        let batch: Dimension
        let length: Dimension
        let rate: Double
        let readsFirst: Bool
        let padding: [Double]?
        var paddingMask: Value?
        var streams = 0
        private let vocabulary = 11
        private let width = 24
        private let heads = 2

        init(
            batch: Int, length: Int, bounds: (batch: Int, length: Int), hasFixedLength: Bool,
            rate: Double, readsFirst: Bool, mask: [Double]?
        ) {
            padding = mask
            extents = SymbolExtents(["batch": batch, "length": length])
            self.batch = Dimension(Symbol("batch", bound: bounds.batch))
            self.length =
                hasFixedLength
                ? Dimension(length) : Dimension(Symbol("length", bound: bounds.length))
            self.rate = rate
            self.readsFirst = readsFirst
        }

        private mutating func input(
            _ name: String, _ role: Input.Role, _ type: TensorType, _ element: (Double) -> Double
        ) throws -> Value {
            let shape = type.shape.evaluated { extents($0) } ?? []
            let random = RandomSource(seed: 17, stream: UInt64(inputs.count))
            let elements = (0..<shape.reduce(1, *)).map {
                element(random.uniformDouble(at: UInt64($0)))
            }
            inputs[name] = ReferenceTensor(type.dtype, shape: shape, elements: elements)
            return try b.append(.input(Input(name, role: role, type: type)))
        }

        private mutating func weight(_ name: String, _ shape: Shape) throws -> Value {
            try input(name, .parameter, TensorType(.f32, shape)) { Double(Float($0 - 0.5)) }
        }

        private mutating func stream() -> Int {
            streams += 1
            return streams
        }

        mutating func build() throws {
            let scalar = TensorType(.i64, .scalar)
            let key = try [
                input("seed", .seed, scalar) { _ in 12345 },
                input("step", .step, scalar) { _ in 7 },
            ]
            var x = try embedded()
            for layer in 0..<2 { x = try block(x, key, "layer_\(layer)") }
            let logits = try head(x, key)
            let labels = try input("labels", .data, TensorType(.i32, [batch])) {
                ($0 * 3).rounded(.down)
            }
            let losses = try b.append(
                .softmaxCrossEntropy(SoftmaxCrossEntropy()), [logits, labels])
            b.output("losses", losses[0])
            b.output("loss", try b.mean(losses[0], axes: [0]))
        }

        private mutating func embedded() throws -> Value {
            let count = Double(vocabulary)
            let ids = try input("ids", .data, TensorType(.i32, [batch, length])) {
                ($0 * count).rounded(.down)
            }
            let table = try weight("table", [Dimension(vocabulary), Dimension(width)])
            let positions = try weight("positions", [64, Dimension(width)])
            let tokens = try b.append(.embedding(EmbeddingLookup()), table, ids)
            let places = try b.append(.iota(Iota(TensorType(.i32, [length]), axis: 0)))
            let rows = try b.append(.embedding(EmbeddingLookup()), positions, places)
            return try b.add(
                tokens, b.broadcastInDim(rows, b.type(of: tokens).shape, dimensions: [1, 2]))
        }

        private mutating func block(_ x: Value, _ key: [Value], _ name: String) throws -> Value {
            b.path = name
            let size = width / heads
            let mask = try keyMask(name)
            let query = try dense(x, "\(name)/query", [heads, size])
            let keys = try dense(x, "\(name)/key", [heads, size])
            let value = try dense(x, "\(name)/value", [heads, size])
            let operands = [query, keys, value, mask]
            var attention = Attention(scale: 0.3, hasMask: true)
            (attention.rate, attention.stream) = (rate, stream())
            let attended = try b.append(.attention(attention), operands + (rate > 0 ? key : []))[0]
            var y = try dense(attended, "\(name)/output", [width], contracting: 2)
            let between = try norm(y, residual: x, key, "\(name)/norm_1")
            y = try dense(between, "\(name)/inner", [40], activation: .gelu)
            y = try dense(y, "\(name)/outer", [width])
            return try norm(y, residual: between, key, "\(name)/norm_2")
        }

        private mutating func keyMask(_ name: String) throws -> Value {
            guard let padding else {
                return try input("\(name)/mask", .data, TensorType(.bool, [batch, 1, 1, length])) {
                    $0 < 0.8 ? 1 : 0
                }
            }
            let known =
                try paddingMask
                ?? input("mask", .data, TensorType(.i32, [batch, length])) {
                    $0
                }
            paddingMask = known
            inputs["mask"]?.elements = padding
            let isReal = try b.compare(.ne, known, b.splat(0, b.type(of: known)))
            return try b.reshape(isReal, [batch, 1, 1, length])
        }

        /// The mean over positions, of real ones where the mask tells.
        private mutating func average(_ x: Value) throws -> Value {
            guard let paddingMask else { return try b.mean(x, axes: [1]) }
            let real = try b.convert(paddingMask, to: .f32)
            let shape = b.type(of: x).shape
            let kept = try b.multiply(x, b.broadcastInDim(real, shape, dimensions: [0, 1]))
            let count = try b.binary(
                .maximum, b.reduce(.sum, real, axes: [1]), b.splat(1, TensorType(.f32, [batch])))
            let sum = try b.reduce(.sum, kept, axes: [1])
            return try b.binary(
                .divide, sum, b.broadcastInDim(count, b.type(of: sum).shape, dimensions: [0]))
        }

        private mutating func dense(
            _ x: Value, _ name: String, _ output: [Int], contracting: Int = 1,
            activation: BiasActivation.Activation = .identity
        ) throws -> Value {
            let shape = b.type(of: x).shape
            let last = Array(shape.dimensions.suffix(contracting))
            let result = output.map { Dimension($0) }
            let kernel = try weight("\(name)/kernel", Shape(last + result))
            let bias = try weight("\(name)/bias", Shape(result))
            let product = try b.dotGeneral(
                x, kernel, leftContracting: Array((shape.rank - contracting)..<shape.rank),
                rightContracting: Array(0..<contracting))
            return try b.append(.biasActivation(BiasActivation(activation)), product, bias)
        }

        private mutating func norm(
            _ x: Value, residual: Value, _ key: [Value], _ name: String
        ) throws -> Value {
            let norm = LayerNorm(epsilon: 1e-3, hasResidual: true, rate: rate, stream: stream())
            let scale = try weight("\(name)/gamma", [Dimension(width)])
            let offset = try weight("\(name)/beta", [Dimension(width)])
            return try b.append(
                .layerNorm(norm), [x, residual, scale, offset] + (rate > 0 ? key : []))[0]
        }

        /// The mean over positions and the first position, together, or the first alone, to three
        /// classes.
        private mutating func head(_ x: Value, _ key: [Value]) throws -> Value {
            b.path = "head"
            let first = try b.reshape(
                b.slice(x, starts: [0, 0, 0], limits: [batch, 1, Dimension(width)]),
                [batch, Dimension(width)])
            var pooled = readsFirst ? first : try b.add(average(x), first)
            if rate > 0 {
                pooled = try b.append(
                    .dropout(Dropout(rate: rate, stream: stream())), [pooled] + key)[0]
            }
            let hidden = try dense(pooled, "head/dense", [13], activation: .relu)
            return try dense(hidden, "head/logits", [3])
        }
    }
}
