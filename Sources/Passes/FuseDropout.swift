import MartletIR

/// Recognises dropout.
///
/// Before: `%k = compare(random_bits(%seed, %step), splat t) {direction = ge}`
/// `%y = select(%k, multiply(%x, splat 1/(1 - rate)), splat 0)`
/// After: `%y = dropout(%x, %seed, %step) {rate = …, stream = …}`
///
/// Only where threshold and factor belong to one rate. Must run before `fuse-attention`,
/// `fuse-residual-layer-norm` and `differentiate`.
public struct FuseDropout: Pass {
    public init() {}

    public var name: String { "fuse-dropout" }

    public func run(_ graph: Graph) throws -> Graph {
        try GraphRewriter.rewrite(graph) { node, rewriter in try fused(node, rewriter) }
    }

    private func fused(_ node: Node, _ r: GraphRewriter) throws -> [Value]? {
        guard case .select = node.op, node.types[0].dtype.isFloat,
            r.splat(node.operands[2]) == 0,
            let (x, factor) = r.withSplat(.multiply, node.operands[1]),
            case .compare(let compare) = r.op(node.operands[0]), compare.direction == .ge
        else { return nil }
        let compared = r.operands(node.operands[0])
        guard case .randomBits(let bits) = r.op(compared[0]), bits.shape == node.types[0].shape,
            let threshold = r.splat(compared[1]), factor > 1
        else { return nil }
        // 1 - 1/factor is the rate but for rounding; rates are written with few digits.
        let rate = ((1 - 1 / factor) * 1e9).rounded() / 1e9
        guard abs(factor * (1 - rate) - 1) < 1e-7,
            Double(ElementRandom.dropThreshold(rate: rate)) == threshold
        else { return nil }
        let key = r.operands(compared[0])
        return try r.builder.append(
            .dropout(Dropout(rate: rate, stream: bits.stream, rows: bits.rows)), [x] + key)
    }
}
