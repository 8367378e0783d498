import MartletIR

/// Removes nodes that no output depends on; inputs stay, as they are the graph's interface.
///
/// Before: `%2 = add(%0, %1)  %3 = multiply(%0, %1)  return %2`
/// After: `%2 = add(%0, %1)  return %2`
public struct EliminateDeadCode: Pass {
    public init() {}

    public var name: String { "eliminate-dead-code" }

    public func run(_ graph: Graph) throws -> Graph {
        var isLive = [Bool](repeating: false, count: graph.nodes.count)
        for output in graph.outputs { isLive[output.value.node] = true }
        for index in graph.nodes.indices.reversed() {
            if case .input = graph.nodes[index].op { isLive[index] = true }
            guard isLive[index] else { continue }
            for operand in graph.nodes[index].operands { isLive[operand.node] = true }
        }
        var rewriter = GraphRewriter(graph)
        rewriter.copy { isLive[$0] }
        return try rewriter.finish()
    }
}
