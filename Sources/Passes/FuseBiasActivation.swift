import MartletIR

/// Recognises `activation(x + bias)` as `bias_activation`.
///
/// Before: `%3 = broadcast_in_dim(%bias)  %4 = add(%x, %3)  %5 = maximum(%4, splat 0)`
/// After: `%5 = bias_activation(%x, %bias) {activation = relu}`
///
/// A bias alone is fused where it follows a matrix product; an activation joins a fused bias that
/// no one else reads. Must run before `differentiate`.
public struct FuseBiasActivation: Pass {
    public init() {}

    public var name: String { "fuse-bias-activation" }

    public func run(_ graph: Graph) throws -> Graph {
        try GraphRewriter.rewrite(graph) { node, rewriter in try fused(node, rewriter) }
    }

    private func fused(_ node: Node, _ r: GraphRewriter) throws -> [Value]? {
        if case .binary(let binary) = node.op, binary.kind == .add {
            return try fusedBias(node, r)
        }
        guard let (activation, input, readerCount) = activation(node, r),
            r.readerCount(input) <= readerCount,
            case .biasActivation(let bias) = r.op(input), bias.activation == .identity
        else { return nil }
        return try r.builder.append(.biasActivation(BiasActivation(activation)), r.operands(input))
    }

    /// `x + bias` where x is a matrix product, perhaps reshaped.
    private func fusedBias(_ node: Node, _ r: GraphRewriter) throws -> [Value]? {
        for (x, y) in [(0, 1), (1, 0)] {
            guard node.types[0].dtype.isFloat, isProduct(node.operands[x], r),
                let bias = r.trailingBroadcast(node.operands[y])
            else { continue }
            return try r.builder.append(
                .biasActivation(BiasActivation(.identity)), [node.operands[x], bias])
        }
        return nil
    }

    private func isProduct(_ value: Value, _ r: GraphRewriter) -> Bool {
        switch r.op(value) {
        case .dotGeneral: true
        case .reshape: isProduct(r.operands(value)[0], r)
        default: false
        }
    }

    /// The activation a node computes, of what, and how often its pattern reads that.
    private func activation(
        _ node: Node, _ r: GraphRewriter
    ) -> (BiasActivation.Activation, Value, readerCount: Int)? {
        let x = node.operands.first
        switch node.op {
        case .unary(let unary) where unary.kind == .tanh: return x.map { (.tanh, $0, 1) }
        case .unary(let unary) where unary.kind == .logistic: return x.map { (.logistic, $0, 1) }
        case .gelu(let gelu):
            return x.map { (gelu.isApproximate ? .geluApproximate : .gelu, $0, 1) }
        case .binary(let binary) where binary.kind == .maximum:
            if r.splat(node.operands[1]) == 0 { return (.relu, node.operands[0], 1) }
            return r.splat(node.operands[0]) == 0 ? (.relu, node.operands[1], 1) : nil
        // select(x > 0, x, 0), the relu that Keras's gradient at 0 asks for.
        case .select:
            let (x, other) = (node.operands[1], node.operands[2])
            guard r.splat(other) == 0, case .compare(let compare) = r.op(node.operands[0]),
                compare.direction == .gt
            else { return nil }
            let compared = r.operands(node.operands[0])
            return compared[0] == x && r.splat(compared[1]) == 0 ? (.relu, x, 2) : nil
        // x · logistic(x) is silu.
        case .binary(let binary) where binary.kind == .multiply:
            let (x, y) = (node.operands[0], node.operands[1])
            if r.unary(.logistic, y) == x { return (.silu, x, 2) }
            return r.unary(.logistic, x) == y ? (.silu, y, 2) : nil
        default: return nil
        }
    }
}
