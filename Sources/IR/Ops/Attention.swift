/// Scaled dot-product attention with mask, softmax and dropout (Vaswani et al., 2017, arXiv
/// 1706.03762):
///
///     logits = scale · q·kᵀ           [batch, heads, queries, keys]
///     p      = softmax(logits where the mask allows, else -1e30)
///     output = dropout(p) · v         [batch, queries, heads, valueSize]
///
/// Operands: q `[batch, queries, heads, size]`, k `[batch, keys, heads, size]`,
/// v `[batch, keys, heads, valueSize]`, then those that are present of a bool mask
/// `[batch|1, heads|1, queries|1, keys|1]` (true attends) and seed and step for dropout.
/// With a lower operand precision the operands of the two products are rounded first, as in
/// `DotGeneral`: scale · q, k, dropout(p) and v.
///
/// Results: output, `lse = log Σ exp(logits)` `[batch, heads, queries]`, and p before dropout if
/// `returnsScores`.
///
/// A fused kernel never stores logits or p; it recomputes p from lse in the backward pass.
public struct Attention: CompositeOperation {
    /// What a query row gets when the mask forbids every key.
    public enum MaskedRows: String, Hashable, Sendable, CaseIterable {
        /// Equal weight on every key, as a softmax over equal logits gives (Keras without
        /// dropout, Hugging Face).
        case uniform
        /// Zeros (Keras with dropout or when scores are returned).
        case zero
    }

    public var scale: Double
    public var isCausal: Bool
    public var hasMask: Bool
    public var maskedRows: MaskedRows
    public var rate: Double
    public var stream: Int
    /// Of the dropout of p, a tensor `[batch, heads, queries, keys]`.
    public var rows: RandomRows
    public var returnsScores: Bool
    public var operandPrecision: DotGeneral.OperandPrecision

    public init(
        scale: Double, isCausal: Bool = false, hasMask: Bool = false,
        maskedRows: MaskedRows = .uniform, rate: Double = 0, stream: Int = 0,
        rows: RandomRows = .all, returnsScores: Bool = false,
        operandPrecision: DotGeneral.OperandPrecision = .full
    ) {
        self.scale = scale
        self.isCausal = isCausal
        self.hasMask = hasMask
        self.maskedRows = maskedRows
        self.rate = rate
        self.stream = stream
        self.rows = rows
        self.returnsScores = returnsScores
        self.operandPrecision = operandPrecision
    }

    /// The logit of a forbidden key: finite, so that a row of them is no NaN, and far below any
    /// other, so that its exponential is exactly 0 beside one.
    package static let maskedLogit = -1e30

    public init(reading attributes: inout AttributeReader) throws {
        self.init(
            scale: try attributes.number("scale"),
            isCausal: try attributes.boolean("causal", default: false),
            hasMask: try attributes.boolean("mask", default: false),
            maskedRows: try attributes.word("masked_rows", default: .uniform),
            rate: try attributes.number("rate", default: 0),
            stream: try attributes.integer("stream", default: 0),
            rows: try RandomRows(reading: &attributes),
            returnsScores: try attributes.boolean("scores", default: false),
            operandPrecision: try attributes.word("operand_precision", default: .full))
    }

    public var name: String { "attention" }
    public var attributes: [Attribute] {
        [
            Attribute("scale", .number(scale)), Attribute("causal", .boolean(isCausal)),
            Attribute("mask", .boolean(hasMask)),
            Attribute("masked_rows", .word(maskedRows.rawValue)),
            Attribute("rate", .number(rate)), Attribute("stream", .integer(stream)),
            Attribute("scores", .boolean(returnsScores)),
        ] + rows.attributes + operandPrecision.attributes
    }

    fileprivate var dropout: Dropout { Dropout(rate: rate, stream: stream, rows: rows) }

    package struct Layout<Element> {
        package var query, key, value: Element
        package var mask, seed, step: Element?
    }

    package func layout<Element>(_ operands: [Element]) -> Layout<Element> {
        var rest = operands.dropFirst(3)
        func next(_ isPresent: Bool) -> Element? { isPresent ? rest.popFirst() : nil }
        return Layout(
            query: operands[0], key: operands[1], value: operands[2], mask: next(hasMask),
            seed: next(rate > 0), step: next(rate > 0))
    }

    package var operandCount: Int { 3 + (hasMask ? 1 : 0) + (rate > 0 ? 2 : 0) }

    public func resultTypes(_ operands: [TensorType]) throws -> [TensorType] {
        try TypeMismatch.requireCount(operands, operandCount)
        try Dropout.requireRate(rate)
        try RandomBits.requireStream(stream)
        try rows.requireValid()
        try TypeMismatch.require(!rows.isIndexed, "attention takes no row_indices")
        try TypeMismatch.require(scale.isFinite, "scale \(scale) is not finite")
        let operand = layout(operands)
        let (q, k, v) = (operand.query, operand.key, operand.value)
        try operandPrecision.requireUsable(for: q.dtype)
        for (label, type) in [("query", q), ("key", k), ("value", v)] {
            try TypeMismatch.require(
                type.rank == 4 && type.dtype == q.dtype && type.dtype.isFloat,
                "\(label): expected a rank-4 \(q.dtype) tensor, received \(type)")
        }
        let (batch, heads) = (q.shape[0], q.shape[2])
        try TypeMismatch.requireSame(
            "key", k.with(shape: [batch, k.shape[1], heads, q.shape[3]]), k)
        try TypeMismatch.requireSame(
            "value", v.with(shape: [batch, k.shape[1], heads, v.shape[3]]), v)
        let full: Shape = [batch, heads, q.shape[1], k.shape[1]]
        if let mask = operand.mask {
            let fits =
                mask.dtype == .bool && mask.rank == 4
                && (0..<4).allSatisfy { mask.shape[$0] == 1 || mask.shape[$0] == full[$0] }
            try TypeMismatch.require(
                fits, "mask: expected bool\(full) or extents of 1, received \(mask)")
        }
        if let seed = operand.seed, let step = operand.step {
            try RandomBits.requireKey(seed, step)
        }
        let output = v.with(shape: [batch, q.shape[1], heads, v.shape[3]])
        let lse = q.with(shape: [batch, heads, q.shape[1]])
        return returnsScores ? [output, lse, q.with(shape: full)] : [output, lse]
    }

    public var gradient: GradientRule {
        if returnsScores { return .expand }
        return .rule { context in
            guard context.cotangents[1] == nil else { return nil }
            let saved =
                Array(context.operands.prefix(3)) + [context.results[0], context.results[1]]
            let gradients = try context.builder.append(
                .attentionGradient(AttentionGradient(self)),
                [context.cotangent()] + saved + context.operands.dropFirst(3))
            return gradients + [Value?](repeating: nil, count: operandCount - 3)
        }
    }

    public func decompose(_ operands: [Value], in b: GraphBuilder) throws -> [Value] {
        let operand = layout(operands)
        let logits = try maskedLogits(operand, in: b)
        var p = try b.append(.softmax(Softmax(axis: 3)), logits.value)
        if maskedRows == .zero, let allowed = logits.allowed {
            p = try b.select(allowed, p, b.splat(0, b.type(of: p)))
        }
        var weights = p
        if rate > 0, let seed = operand.seed, let step = operand.step {
            weights = try b.append(.dropout(dropout), p, seed, step)
        }
        // [batch, heads, queries, valueSize]
        let product = try b.dotGeneral(
            weights, operand.value, leftBatch: [0, 1], rightBatch: [0, 2], leftContracting: [3],
            rightContracting: [1], operandPrecision: operandPrecision)
        let output = try b.transpose(product, [0, 2, 1, 3])
        let largest = try b.reduceKeepingAxes(.max, logits.value, axes: [3])
        let exponentials = try b.unary(.exponential, b.subtract(logits.value, largest))
        let lse = try b.add(
            b.unary(.log, b.reduce(.sum, exponentials, axes: [3])),
            b.reduce(.max, logits.value, axes: [3]))
        return returnsScores ? [output, lse, p] : [output, lse]
    }

    /// `scale · q·kᵀ` with forbidden keys at `maskedLogit`, and which keys are allowed (nil: all).
    func maskedLogits(
        _ operand: Layout<Value>, in b: GraphBuilder
    ) throws -> (value: Value, allowed: Value?) {
        let scaled = try b.multiply(operand.query, scale)
        // [batch, heads, queries, keys]
        let logits = try b.dotGeneral(
            scaled, operand.key, leftBatch: [0, 2], rightBatch: [0, 2], leftContracting: [3],
            rightContracting: [3], operandPrecision: operandPrecision)
        let shape = b.type(of: logits).shape
        var allowed: Value?
        if let mask = operand.mask {
            allowed = try b.broadcastInDim(mask, shape, dimensions: [0, 1, 2, 3])
        }
        if isCausal {
            let positions = TensorType(.i32, shape)
            let query = try b.append(.iota(Iota(positions, axis: 2)))
            let key = try b.append(.iota(Iota(positions, axis: 3)))
            let past = try b.compare(.ge, query, key)
            allowed = try allowed.map { try b.binary(.and, $0, past) } ?? past
        }
        guard let allowed else { return (logits, nil) }
        let forbidden = try b.splat(Self.maskedLogit, b.type(of: logits))
        return (try b.select(allowed, logits, forbidden), allowed)
    }
}

/// The gradient of `Attention` (FlashAttention, Dao et al., 2022, arXiv 2205.14135):
///
///     p = exp(logits - lse),  d = Σ output · doutput
///     dv = dropout(p)ᵀ · doutput
///     dlogits = p · (dropout(doutput · vᵀ) - d)
///     dq = scale · dlogits · k,   dk = scale · dlogitsᵀ · q
///
/// Operands: doutput, q, k, v, output, lse, then mask, seed and step as in the forward op.
/// Results: dq, dk, dv.
public struct AttentionGradient: CompositeOperation {
    /// The forward op; `returnsScores` is false.
    public var forward: Attention

    public init(_ forward: Attention) {
        self.forward = forward
        self.forward.returnsScores = false
    }

    public init(reading attributes: inout AttributeReader) throws {
        self.init(try Attention(reading: &attributes))
    }

    public var name: String { "attention_gradient" }
    public var attributes: [Attribute] {
        forward.attributes.filter { $0.name != "scores" }
    }

    package struct Layout<Element> {
        package var doutput: Element
        package var forward: Attention.Layout<Element>
        package var output, lse: Element
    }

    package func layout<Element>(_ operands: [Element]) -> Layout<Element> {
        Layout(
            doutput: operands[0],
            forward: forward.layout(Array(operands[1...3]) + operands.dropFirst(6)),
            output: operands[4], lse: operands[5])
    }

    public func resultTypes(_ operands: [TensorType]) throws -> [TensorType] {
        try TypeMismatch.requireCount(operands, forward.operandCount + 3)
        let forwardOperands = Array(operands[1...3]) + operands.dropFirst(6)
        let results = try forward.resultTypes(forwardOperands)
        try TypeMismatch.requireSame("cotangent", results[0], operands[0])
        try TypeMismatch.requireSame("output", results[0], operands[4])
        try TypeMismatch.requireSame("lse", results[1], operands[5])
        return Array(operands[1...3])
    }

    public func decompose(_ operands: [Value], in b: GraphBuilder) throws -> [Value] {
        let operand = layout(operands)
        let (q, k, v) = (operand.forward.query, operand.forward.key, operand.forward.value)
        let logits = try forward.maskedLogits(operand.forward, in: b)
        var p = try b.append(.softmax(Softmax(axis: 3)), logits.value)
        let zero = try b.splat(0, b.type(of: p))
        if forward.maskedRows == .zero, let allowed = logits.allowed {
            p = try b.select(allowed, p, zero)
        }
        func dropped(_ value: Value) throws -> Value {
            guard forward.rate > 0, let seed = operand.forward.seed,
                let step = operand.forward.step
            else { return value }
            return try b.append(.dropout(forward.dropout), value, seed, step)
        }
        // [batch, keys, heads, valueSize] from [batch, heads, keys, valueSize].
        let dv = try b.transpose(
            b.dotGeneral(
                dropped(p), operand.doutput, leftBatch: [0, 1], rightBatch: [0, 2],
                leftContracting: [2], rightContracting: [1],
                operandPrecision: forward.operandPrecision),
            [0, 2, 1, 3])
        let dp = try dropped(
            b.dotGeneral(
                operand.doutput, v, leftBatch: [0, 2], rightBatch: [0, 2], leftContracting: [3],
                rightContracting: [3], operandPrecision: forward.operandPrecision))
        let d = try b.reduceKeepingAxes(.sum, b.multiply(dp, p), axes: [3])
        var dlogits = try b.multiply(p, b.subtract(dp, d))
        if let allowed = logits.allowed { dlogits = try b.select(allowed, dlogits, zero) }
        dlogits = try b.multiply(dlogits, forward.scale)
        let dq = try b.transpose(
            b.dotGeneral(
                dlogits, k, leftBatch: [0, 1], rightBatch: [0, 2], leftContracting: [3],
                rightContracting: [1], operandPrecision: forward.operandPrecision), [0, 2, 1, 3])
        let dk = try b.transpose(
            b.dotGeneral(
                dlogits, q, leftBatch: [0, 1], rightBatch: [0, 2], leftContracting: [2],
                rightContracting: [1], operandPrecision: forward.operandPrecision), [0, 2, 1, 3])
        return [dq, dk, dv]
    }
}
