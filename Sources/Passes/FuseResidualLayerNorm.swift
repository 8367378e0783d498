import MartletIR

/// Draws the residual addition, and the dropout before it, into layer normalization.
///
/// Before: `%2 = dropout(%x, %seed, %step)  %3 = add(%r, %2)  %4 = layer_norm(%3, …)`
/// After: `%4 = layer_norm(%x, %r, …, %seed, %step) {residual = true, rate = …}`
///
/// Others may read the sum if they come later (as in a pre-norm block): they get the norm's
/// fourth result. Must run before `differentiate`.
public struct FuseResidualLayerNorm: Pass {
    public init() {}

    public var name: String { "fuse-residual-layer-norm" }

    public func run(_ graph: Graph) throws -> Graph {
        let firstReaders = Self.firstReaders(graph)
        return try GraphRewriter.rewrite(graph) { node, rewriter in
            let old = graph.nodes[rewriter.index]
            guard case .layerNorm = node.op,
                firstReaders[old.operands[0].node] == rewriter.index,
                let results = try fused(node, rewriter)
            else { return nil }
            // Nodes already visited but for the norm itself read something else.
            rewriter.redirect(old.operands[0].node, to: results[3])
            return Array(results.prefix(3))
        }
    }

    /// The first node that reads each node.
    private static func firstReaders(_ graph: Graph) -> [Int?] {
        var first = [Int?](repeating: nil, count: graph.nodes.count)
        for (index, node) in graph.nodes.enumerated() {
            for operand in node.operands where first[operand.node] == nil {
                first[operand.node] = index
            }
        }
        return first
    }

    private func fused(_ node: Node, _ r: GraphRewriter) throws -> [Value]? {
        guard case .layerNorm(var norm) = node.op, !norm.hasResidual,
            let (left, right) = r.binary(.add, node.operands[0])
        else { return nil }
        // Broadcast addends (a bias, a position) are no residual to keep apart.
        guard r.broadcast(left) == nil, r.broadcast(right) == nil else { return nil }
        norm.hasResidual = true
        let parameters = Array(node.operands.dropFirst())
        for (x, residual) in [(right, left), (left, right)] {
            guard case .dropout(let dropout) = r.op(x), r.isPrivate(x) else { continue }
            norm.rate = dropout.rate
            norm.stream = dropout.stream
            norm.rows = dropout.rows
            let input = r.operands(x)
            return try r.builder.append(
                .layerNorm(norm), [input[0], residual] + parameters + input.dropFirst())
        }
        return try r.builder.append(.layerNorm(norm), [right, left] + parameters)
    }
}
