import MartletIR

/// Replaces composite ops by their decomposition into primitives, until none is left.
///
/// For backends without a kernel for a composite, and for tests that compare fused with unfused.
/// Before: `%1 = softmax(%0) {axis = 1}`
/// After: `%1 = reduce(%0) {kind = max, …}  …  %7 = divide(%4, %6)`
///
/// What a decomposition computes and nobody reads (attention's lse) is left to
/// `eliminate-dead-code`.
public struct ExpandComposites: Pass {
    private let isExpanded: @Sendable (Op) -> Bool

    /// - Parameter isExpanded: which composites to expand; all of them by default.
    public init(where isExpanded: @escaping @Sendable (Op) -> Bool = { _ in true }) {
        self.isExpanded = isExpanded
    }

    public var name: String { "expand-composites" }

    public func run(_ graph: Graph) throws -> Graph {
        var graph = graph
        // A decomposition may hold smaller composites: attention holds softmax and dropout.
        while graph.nodes.contains(where: { $0.op.composite != nil && isExpanded($0.op) }) {
            graph = try GraphRewriter.rewrite(graph) { node, rewriter in
                guard let composite = node.op.composite, isExpanded(node.op) else { return nil }
                return try composite.decompose(node.operands, in: rewriter.builder)
            }
        }
        return graph
    }
}
