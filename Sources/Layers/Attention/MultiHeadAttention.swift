/// Multi-head attention (Vaswani et al., 2017, arXiv 1706.03762).
///
///     heads  = softmax(scale · (query·Wq)(key·Wk)ᵀ + mask) · (value·Wv),  scale = 1/√keyDimension
///     output = concatenated heads · Wo
///
/// Query `[batch, queries, width]`, value and key `[batch, keys, …]`. Weights as Keras names
/// them: `query/kernel [width, heads, keyDimension]`, `key/kernel`,
/// `value/kernel [width, heads, valueDimension]`,
/// `attention_output/kernel [heads, valueDimension, output…]`, and their biases.
///
/// A key is attended to where the masks of query, value and key, the attention mask and causality
/// all allow it. A query that may attend to nothing weighs all keys equally; with dropout, or
/// where scores are returned, it gets zeros, as in Keras.
///
/// ```swift
/// let y = try attention(x, x)                                // self-attention
/// let (z, scores) = try attention.withScores(target, source) // and its weights
/// ```
public final class MultiHeadAttention: Layer {
    public let heads: Int
    /// The size of one head's queries and keys.
    public let keyDimension: Int
    /// The size of one head's values; that of the keys by default.
    public let valueDimension: Int
    public let dropout: Double
    public let useBias: Bool
    /// The axes that replace the query's last; the query's width by default.
    public let outputShape: [Int]?
    public let kernelInitializer: Initializer
    public let biasInitializer: Initializer
    public let name: String?

    public init(
        heads: Int, keyDimension: Int, valueDimension: Int? = nil, dropout: Double = 0,
        useBias: Bool = true, outputShape: [Int]? = nil,
        kernelInitializer: Initializer = .glorotUniform, biasInitializer: Initializer = .zeros,
        name: String? = nil
    ) {
        self.heads = heads
        self.keyDimension = keyDimension
        self.valueDimension = valueDimension ?? keyDimension
        self.dropout = dropout
        self.useBias = useBias
        self.outputShape = outputShape
        self.kernelInitializer = kernelInitializer
        self.biasInitializer = biasInitializer
        self.name = name
    }

    public struct Inputs: TensorStructure {
        public var query, value: Tensor
        /// The value by default.
        public var key: Tensor?
        /// bool `[batch, queries, keys]` or `[batch, heads, queries, keys]`: true attends.
        public var attentionMask: Tensor?
        public var useCausalMask = false
        public var returnsScores = false

        public func mapTensors(_ transform: (Tensor) throws -> Tensor) rethrows -> Inputs {
            Inputs(
                query: try transform(query), value: try transform(value),
                key: try key.map(transform), attentionMask: try attentionMask.map(transform),
                useCausalMask: useCausalMask, returnsScores: returnsScores)
        }
    }

    public struct Outputs: TensorStructure {
        /// `[batch, queries, width]`
        public var output: Tensor
        /// `[batch, heads, queries, keys]`, before dropout, if asked for.
        public var scores: Tensor?

        public func mapTensors(_ transform: (Tensor) throws -> Tensor) rethrows -> Outputs {
            Outputs(output: try transform(output), scores: try scores.map(transform))
        }
    }

    /// The output alone.
    public func callAsFunction(
        _ query: Tensor, _ value: Tensor, key: Tensor? = nil, attentionMask: Tensor? = nil,
        useCausalMask: Bool = false
    ) throws -> Tensor {
        try callAsFunction(
            Inputs(
                query: query, value: value, key: key, attentionMask: attentionMask,
                useCausalMask: useCausalMask)
        ).output
    }

    /// The output and the weight of each key for each query.
    public func withScores(
        _ query: Tensor, _ value: Tensor, key: Tensor? = nil, attentionMask: Tensor? = nil,
        useCausalMask: Bool = false
    ) throws -> (output: Tensor, scores: Tensor) {
        let outputs = try callAsFunction(
            Inputs(
                query: query, value: value, key: key, attentionMask: attentionMask,
                useCausalMask: useCausalMask, returnsScores: true))
        guard let scores = outputs.scores else {
            throw LayerError("the attention scores were not returned")
        }
        return (outputs.output, scores)
    }

    public var maskRule: MaskRule { .custom }

    public func call(_ inputs: Inputs, context: CallContext) throws -> Outputs {
        try validate(inputs, context)
        let key = inputs.key ?? inputs.value
        let mask = try mask(inputs, context)
        var operands = [
            try project("query", inputs.query, keyDimension, context),
            try project("key", key, keyDimension, context),
            try project("value", inputs.value, valueDimension, context),
        ]
        if let mask { operands.append(mask) }
        let rate = context.training ? dropout : 0
        var stream = 0
        if rate > 0 {
            let key = try context.randomKey()
            stream = key.stream
            operands += [key.seed, key.step]
        }
        let isZeroing = dropout > 0 || inputs.returnsScores
        let op = MartletIR.Attention(
            scale: 1 / Double(keyDimension).squareRoot(), isCausal: inputs.useCausalMask,
            hasMask: mask != nil, maskedRows: isZeroing ? .zero : .uniform, rate: rate,
            stream: stream, returnsScores: inputs.returnsScores)
        let results = try context.emit(.attention(op), operands)
        let output = try combine(results[0], width: inputs.query.shape[2], context)
        return Outputs(
            output: output.attaching(mask: inputs.query.mask),
            scores: inputs.returnsScores
                ? results[2].attaching(mask: try scoresMask(mask, inputs, context)) : nil)
    }

    /// The scores carry everything that forbids a key as their mask, as in Keras, causality too.
    private func scoresMask(
        _ mask: Tensor?, _ inputs: Inputs, _ context: CallContext
    ) throws -> Tensor? {
        guard inputs.useCausalMask else { return mask }
        let type = TensorType(.i32, [1, 1, inputs.query.shape[1], inputs.value.shape[1]])
        let query = try context.emit(.iota(Iota(type, axis: 2)), [])[0]
        let key = try context.emit(.iota(Iota(type, axis: 3)), [])[0]
        let causal = try query.compare(.ge, key)
        return try mask.map { try $0.and(causal) } ?? causal
    }

    private func validate(_ inputs: Inputs, _ context: CallContext) throws {
        try context.require(
            heads > 0 && keyDimension > 0 && valueDimension > 0,
            "heads and their sizes must be 1 or more, received \(heads) heads with keys of "
                + "\(keyDimension) and values of \(valueDimension)")
        try context.requireRate(dropout)
        let labelled =
            [("query", inputs.query), ("value", inputs.value)]
            + (inputs.key.map { [("key", $0)] } ?? [])
        for (label, tensor) in labelled {
            try context.require(
                tensor.rank == 3 && tensor.dtype.isFloat,
                "\(label): expected a float tensor [batch, length, width], received \(tensor)")
        }
    }

    /// `[batch, length, width]` → `[batch, length, heads, size]`
    private func project(
        _ part: String, _ x: Tensor, _ size: Int, _ context: CallContext
    ) throws -> Tensor {
        try context.scope(part) {
            let units: Shape = [Dimension(heads), Dimension(size)]
            let kernel = try context.weight(
                "kernel", shape: Shape([x.shape[2]] + units.dimensions),
                initializer: kernelInitializer, fans: .axes(input: [0], output: [1, 2]))
            let product = try x.einsum("abc,cde->abde", kernel)
            guard useBias else { return product }
            let bias = try context.weight("bias", shape: units, initializer: biasInitializer)
            return try context.activate(product, bias: bias, .linear)
        }
    }

    /// `[batch, queries, heads, size]` → `[batch, queries, output…]`
    private func combine(
        _ x: Tensor, width: Dimension, _ context: CallContext
    ) throws -> Tensor {
        try context.scope("attention_output") {
            let output = outputShape?.map { Dimension($0) } ?? [width]
            let kernel = try context.weight(
                "kernel", shape: Shape([x.shape[2], x.shape[3]] + output),
                initializer: kernelInitializer,
                fans: .axes(input: [0, 1], output: Array(2..<(2 + output.count))))
            let letters = String("efghijklm".prefix(output.count))
            try context.require(
                letters.count == output.count, "outputShape has too many axes: \(Shape(output))")
            let product = try x.einsum("abcd,cd\(letters)->ab\(letters)", kernel)
            guard useBias else { return product }
            let bias = try context.weight(
                "bias", shape: Shape(output), initializer: biasInitializer)
            return try context.activate(product, bias: bias, .linear)
        }
    }

    /// Everything that forbids a key but causality, which the op knows itself: bool
    /// `[batch, heads|1, queries|1, keys|1]`.
    private func mask(_ inputs: Inputs, _ context: CallContext) throws -> Tensor? {
        var parts: [Tensor] = []
        if let query = inputs.query.mask { parts.append(try query.expandingAxes(1, 3)) }
        for mask in [inputs.value.mask, inputs.key?.mask] {
            if let mask { parts.append(try mask.expandingAxes(1, 2)) }
        }
        if let given = inputs.attentionMask {
            try context.require(
                given.rank == 3 || given.rank == 4,
                "attentionMask: expected [batch, queries, keys] or "
                    + "[batch, heads, queries, keys], received \(given)")
            let allowed = given.dtype == .bool ? given : try given.compare(.ne, 0)
            parts.append(given.rank == 3 ? try allowed.expandingAxes(1) : allowed)
        }
        guard var mask = parts.first else { return nil }
        for part in parts.dropFirst() { mask = try mask.and(part) }
        return mask
    }
}
