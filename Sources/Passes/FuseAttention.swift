import MartletIR

/// Recognises scaled dot-product attention around a softmax.
///
/// Before: `logits = scale · q·kᵀ` (the scale on q, on k or on the logits), masked by
/// `select(allowed, logits, -1e9 or less)` or by adding `select(allowed, 0, -1e9 or less)` or
/// `(1 - allowed) · -1e9`; `p = softmax(logits)`, perhaps zeroed where nothing is allowed and
/// dropped out; `dot_general(p, v)`
/// After: `attention(%q, %k, %v, …)`, then a transpose to the product's axes
///
/// The operands' axes may come in any order (`[batch, length, heads, size]`,
/// `[batch, heads, length, size]`): transposes put them in attention's, and cancel with those of
/// the model in `simplify-algebra`. A causal mask, alone or with another, becomes
/// `causal = true`. Nothing is fused if others read logits or p.
///
/// Must run after `fuse-softmax` and `fuse-dropout`, and before `differentiate`.
public struct FuseAttention: Pass {
    public init() {}

    public var name: String { "fuse-attention" }

    public func run(_ graph: Graph) throws -> Graph {
        try GraphRewriter.rewrite(graph) { node, rewriter in
            guard case .dotGeneral(let product) = node.op,
                let weights = Weights(node.operands[0], product, rewriter),
                let logits = Logits(weights.logits, rewriter)
            else { return nil }
            return try fused(node, product, weights, logits, rewriter)
        }
    }

    private func fused(
        _ node: Node, _ product: DotGeneral, _ weights: Weights, _ logits: Logits,
        _ r: GraphRewriter
    ) throws -> [Value]? {
        let b = r.builder
        let mask = MaskParts(logits.allowed, r)
        var attention = Attention(scale: logits.scale, isCausal: mask.isCausal)
        // Zeroed rows are attention's only under the very mask that the logits have.
        if let zeroed = weights.allowed {
            guard zeroed == logits.allowed else { return nil }
            attention.maskedRows = .zero
        }
        // [batch, heads, queries, keys] · v's axes: batch, keys, heads, size.
        let v = node.operands[1]
        let free = product.rightFree(rank: r.type(v).rank)
        guard free.count == 1, r.type(v).rank == 4 else { return nil }
        let value = try b.transpose(
            v,
            [
                product.rightBatch[0], product.rightContracting[0], product.rightBatch[1], free[0],
            ])
        var operands = [try logits.query(in: b), try logits.key(in: b), value]
        if let allowed = mask.allowed {
            attention.hasMask = true
            operands.append(try maskOperand(allowed, r))
        }
        if let dropout = weights.dropout {
            guard !dropout.op.rows.isIndexed else { return nil }
            attention.rate = dropout.op.rate
            attention.stream = dropout.op.stream
            attention.rows = dropout.op.rows
            operands += dropout.key
        }
        let output = try b.append(.attention(attention), operands)[0]
        return [try b.transpose(output, [0, 2, 1, 3])]
    }

    /// A mask of extents 1 where it is repeated, rather than a repeated mask.
    private func maskOperand(_ allowed: Value, _ r: GraphRewriter) throws -> Value {
        guard let (source, dimensions) = r.broadcast(allowed) else { return allowed }
        var shape: Shape = [1, 1, 1, 1]
        for (from, to) in dimensions.enumerated() {
            shape.dimensions[to] = r.type(source).shape[from]
        }
        return try r.builder.reshape(source, shape)
    }
}

/// What multiplies v: a softmax over the keys, perhaps zeroed and dropped out.
private struct Weights {
    /// The softmax's operand.
    var logits: Value
    /// Under which p was kept; nil where it was not zeroed.
    var allowed: Value?
    var dropout: (op: Dropout, key: [Value])?

    init?(_ value: Value, _ product: DotGeneral, _ r: GraphRewriter) {
        guard r.type(value).rank == 4, product.leftBatch == [0, 1],
            product.leftContracting == [3]
        else { return nil }
        var value = value
        guard r.isPrivate(value) else { return nil }
        if case .dropout(let op) = r.op(value) {
            let operands = r.operands(value)
            dropout = (op, Array(operands.dropFirst()))
            value = operands[0]
            guard r.isPrivate(value) else { return nil }
        }
        if case .select = r.op(value), r.splat(r.operands(value)[2]) == 0 {
            allowed = r.operands(value)[0]
            value = r.operands(value)[1]
            guard r.isPrivate(value) else { return nil }
        }
        guard case .softmax(let softmax) = r.op(value), softmax.axis == 3 else { return nil }
        logits = r.operands(value)[0]
    }
}

/// `scale · q·kᵀ`, perhaps masked.
private struct Logits {
    var scale = 1.0
    /// Bool of the logits' shape; nil where every key is allowed.
    var allowed: Value?
    private var product: DotGeneral
    private var left: Value
    private var right: Value

    init?(_ value: Value, _ r: GraphRewriter) {
        var value = value
        guard r.isPrivate(value) else { return nil }
        if let (masked, allowed) = Self.masked(value, r) {
            self.allowed = allowed
            value = masked
            guard r.isPrivate(value) else { return nil }
        }
        (value, scale) = Self.scaled(value, r)
        guard case .dotGeneral(let product) = r.op(value), r.isPrivate(value),
            product.leftBatch.count == 2, product.leftContracting.count == 1
        else { return nil }
        self.product = product
        let operands = r.operands(value)
        guard r.type(operands[0]).rank == 4, r.type(operands[1]).rank == 4 else { return nil }
        let (q, k) = (Self.scaled(operands[0], r), Self.scaled(operands[1], r))
        left = q.value
        right = k.value
        scale *= q.scale * k.scale
        guard scale.isFinite else { return nil }
    }

    /// Looks through a multiplication by, or a division by, one number.
    private static func scaled(_ value: Value, _ r: GraphRewriter) -> (value: Value, scale: Double)
    {
        if let (x, splat) = r.withSplat(.multiply, value) { return (x, splat) }
        if let (x, divisor) = r.binary(.divide, value), let splat = r.splat(divisor) {
            return (x, 1 / splat)
        }
        return (value, 1)
    }

    /// The logits and which of them are allowed.
    private static func masked(_ value: Value, _ r: GraphRewriter) -> (Value, Value)? {
        if case .select = r.op(value) {
            let operands = r.operands(value)
            return isForbidding(operands[2], r) ? (operands[1], operands[0]) : nil
        }
        guard let (first, second) = r.binary(.add, value) else { return nil }
        for (logits, addend) in [(first, second), (second, first)] {
            if let allowed = allowedOfAddend(addend, r) { return (logits, allowed) }
        }
        return nil
    }

    /// Low enough that beside an allowed key the exponential is 0, and that alone it absorbs
    /// every logit.
    private static func isForbidding(_ value: Value, _ r: GraphRewriter) -> Bool {
        r.splat(value).map { $0 <= -1e9 && $0.isFinite } ?? false
    }

    /// The condition of `select(allowed, 0, -1e9)`, or of `(1 - allowed) · -1e9`.
    private static func allowedOfAddend(_ value: Value, _ r: GraphRewriter) -> Value? {
        if case .select = r.op(value) {
            let operands = r.operands(value)
            return r.splat(operands[1]) == 0 && isForbidding(operands[2], r) ? operands[0] : nil
        }
        guard let (complement, factor) = r.withSplat(.multiply, value), factor <= -1e9,
            let (one, converted) = r.binary(.subtract, complement), r.splat(one) == 1,
            case .convert = r.op(converted)
        else { return nil }
        let allowed = r.operands(converted)[0]
        return r.type(allowed).dtype == .bool ? allowed : nil
    }

    /// `[batch, queries, heads, size]`
    func query(in b: GraphBuilder) throws -> Value {
        let free = product.leftFree(rank: 4)[0]
        return try b.transpose(
            left, [product.leftBatch[0], free, product.leftBatch[1], product.leftContracting[0]])
    }

    /// `[batch, keys, heads, size]`
    func key(in b: GraphBuilder) throws -> Value {
        let free = product.rightFree(rank: 4)[0]
        return try b.transpose(
            right,
            [product.rightBatch[0], free, product.rightBatch[1], product.rightContracting[0]])
    }
}

/// A mask taken apart: the causal part, and the rest.
private struct MaskParts {
    var isCausal = false
    /// Nil where nothing but the causal part, or nothing at all, forbids.
    var allowed: Value?

    init(_ allowed: Value?, _ r: GraphRewriter) {
        guard let allowed else { return }
        if Self.isCausal(allowed, r) {
            isCausal = true
        } else if let (first, second) = r.binary(.and, allowed), Self.isCausal(second, r) {
            (isCausal, self.allowed) = (true, first)
        } else if let (first, second) = r.binary(.and, allowed), Self.isCausal(first, r) {
            (isCausal, self.allowed) = (true, second)
        } else {
            self.allowed = allowed
        }
    }

    /// `query position ≥ key position`
    private static func isCausal(_ value: Value, _ r: GraphRewriter) -> Bool {
        var value = value
        // The axes a [queries, keys] mask was repeated along.
        var (queries, keys) = (2, 3)
        if let (source, dimensions) = r.broadcast(value), dimensions.suffix(2) == [2, 3],
            r.type(source).shape.dimensions.suffix(2) == r.type(value).shape.dimensions.suffix(2)
        {
            (queries, keys) = (dimensions.count - 2, dimensions.count - 1)
            value = source
        }
        guard case .compare(let compare) = r.op(value) else { return false }
        let operands = r.operands(value)
        guard case .iota(let left) = r.op(operands[0]), case .iota(let right) = r.op(operands[1])
        else { return false }
        switch compare.direction {
        case .ge: return left.axis == queries && right.axis == keys
        case .le: return left.axis == keys && right.axis == queries
        case .eq, .ne, .lt, .gt: return false
        }
    }
}
