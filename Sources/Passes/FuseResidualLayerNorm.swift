import MartletIR

/// Draws the residual addition, and the dropout before it, into layer normalization.
///
/// Before: `%2 = dropout(%x, %seed, %step)  %3 = add(%r, %2)  %4 = layer_norm(%3, …)`
/// After: `%4 = layer_norm(%x, %r, …, %seed, %step) {residual = true, rate = …}`
///
/// Only where no one else reads the sum. Must run before `differentiate`.
public struct FuseResidualLayerNorm: Pass {
    public init() {}

    public var name: String { "fuse-residual-layer-norm" }

    public func run(_ graph: Graph) throws -> Graph {
        let uses = graph.useCounts()
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
        guard case .layerNorm(var norm) = node.op, !norm.hasResidual,
            let (left, right) = r.binary(.add, node.operands[0]),
            !isShared.contains(node.operands[0].node)
        else { return nil }
        // Broadcast addends (a bias, a position) are no residual to keep apart.
        guard r.broadcast(left) == nil, r.broadcast(right) == nil else { return nil }
        norm.hasResidual = true
        let parameters = Array(node.operands.dropFirst())
        for (x, residual) in [(right, left), (left, right)] {
            guard case .dropout(let dropout) = r.op(x), !isShared.contains(x.node) else { continue }
            norm.rate = dropout.rate
            norm.stream = dropout.stream
            let input = r.operands(x)
            return Array(
                try r.builder.append(
                    .layerNorm(norm), [input[0], residual] + parameters + [input[1], input[2]]
                ).prefix(3))
        }
        return Array(
            try r.builder.append(.layerNorm(norm), [right, left] + parameters).prefix(3))
    }
}
