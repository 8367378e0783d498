import MartletIR

/// Rebuilds a graph node by node, letting a pass put something else in a node's place.
struct GraphRewriter {
    let graph: Graph
    let builder: GraphBuilder
    /// For each node already visited, the values that stand for its results in the new graph.
    private(set) var translated: [[Value]] = []
    /// For nodes of the new graph, how many operands and outputs of the old graph read what they
    /// stand for; 0 for a node that a replacement put in between.
    private var readerCounts: [Int: Int] = [:]

    init(_ graph: Graph) {
        self.graph = graph
        builder = GraphBuilder(name: graph.name)
        translated.reserveCapacity(graph.nodes.count)
    }

    /// Whether at most one operand or output reads a value's node, so that it vanishes with that
    /// reader.
    func isPrivate(_ value: Value) -> Bool { readerCount(value) <= 1 }

    func readerCount(_ value: Value) -> Int { readerCounts[value.node] ?? 0 }

    /// Lets what comes from now on read something else in place of an old node's first result.
    mutating func redirect(_ node: Int, to value: Value) {
        translated[node][0] = value
        readerCounts[value.node, default: 0] += 1
    }

    func translate(_ value: Value) -> Value { translated[value.node][value.result] }

    /// The node of the new graph that yields a value.
    func node(_ value: Value) -> Node { builder.nodes[value.node] }

    /// The number of the old node that is being visited.
    var index: Int { translated.count }

    /// Visits every node in order. `replacement` gets the node with operands of the new graph and
    /// returns the values to use instead, or nil to keep it.
    static func rewrite(
        _ graph: Graph, _ replacement: (Node, inout GraphRewriter) throws -> [Value]?
    ) throws -> Graph {
        var rewriter = GraphRewriter(graph)
        let useCounts = graph.useCounts()
        for (index, node) in graph.nodes.enumerated() {
            var node = node
            node.operands = node.operands.map { rewriter.translate($0) }
            rewriter.builder.path = node.path
            let values =
                try replacement(node, &rewriter)
                ?? rewriter.builder.copy(node, operands: node.operands)
            rewriter.translated.append(values)
            if let first = values.first {
                rewriter.readerCounts[first.node, default: 0] += useCounts[index]
            }
        }
        return try rewriter.finish()
    }

    /// Copies nodes as they are; those left out must have no reader that is kept.
    mutating func copy(where isKept: (_ node: Int) -> Bool = { _ in true }) {
        for (index, node) in graph.nodes.enumerated() {
            translated.append(
                isKept(index)
                    ? builder.copy(node, operands: node.operands.map { translate($0) }) : [])
        }
    }

    /// The new graph, with the old one's outputs.
    func finish() throws -> Graph {
        for output in graph.outputs {
            builder.output(output.name, translate(output.value), updates: output.updates)
        }
        return try builder.build()
    }
}
