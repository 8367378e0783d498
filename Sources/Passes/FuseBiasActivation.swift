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
        let uses = graph.useCounts()
        // Nodes of the new graph that came from a node with several readers.
        var isShared: Set<Int> = []
        var index = -1
        return try GraphRewriter.rewrite(graph) { node, rewriter in
            index += 1
            let values =
                try fused(node, rewriter, isShared: isShared)
                ?? rewriter.builder.copy(node, operands: node.operands)
            if uses[index] > 1, let first = values.first { isShared.insert(first.node) }
            return values
        }
    }

    private func fused(
        _ node: Node, _ r: GraphRewriter, isShared: Set<Int>
    ) throws -> [Value]? {
        if case .binary(let binary) = node.op, binary.kind == .add {
            return try fusedBias(node, r)
        }
        guard let (activation, input) = activation(node, r),
            !isShared.contains(input.node),
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

    /// The activation a node computes, and of what.
    private func activation(
        _ node: Node, _ r: GraphRewriter
    ) -> (BiasActivation.Activation, Value)? {
        switch node.op {
        case .unary(let unary) where unary.kind == .tanh: return (.tanh, node.operands[0])
        case .unary(let unary) where unary.kind == .logistic: return (.logistic, node.operands[0])
        case .gelu(let gelu):
            return (gelu.isApproximate ? .geluApproximate : .gelu, node.operands[0])
        case .binary(let binary) where binary.kind == .maximum:
            if r.splat(node.operands[1]) == 0 { return (.relu, node.operands[0]) }
            return r.splat(node.operands[0]) == 0 ? (.relu, node.operands[1]) : nil
        default: return nil
        }
    }
}
