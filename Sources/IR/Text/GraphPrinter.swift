extension Graph {
    /// The graph in the textual IR (`docs/ir.md`), one node a line. `Graph(parsing:)` reads it
    /// back to an equal graph.
    public var text: String {
        var printer = GraphPrinter(self)
        printer.print()
        return printer.text
    }

    /// The text of one node: `%3 = add(%1, %2) : f32[batch, 32] @ "dense"`.
    public func text(ofNode index: Int) -> String {
        var printer = GraphPrinter(self)
        printer.print(index)
        return printer.text
    }
}

extension Graph: CustomStringConvertible {
    public var description: String { text }
}

private struct GraphPrinter {
    let graph: Graph
    var text = ""

    init(_ graph: Graph) { self.graph = graph }

    mutating func print() {
        text += "graph \(graph.name.irQuoted)"
        let symbols = graph.symbols
        if !symbols.isEmpty {
            let declared = symbols.map { "\($0.name) <= \($0.bound)" }
            text += " symbols(\(declared.joined(separator: ", ")))"
        }
        text += " {\n"
        for index in graph.nodes.indices {
            text += "  "
            print(index)
            text += "\n"
        }
        for output in graph.outputs {
            text += "  return \(output.name.irQuoted) = "
            print(output.value)
            if let updates = output.updates { text += " updates \(updates.irQuoted)" }
            text += "\n"
        }
        text += "}\n"
    }

    mutating func print(_ index: Int) {
        let node = graph.nodes[index]
        let operation = node.op.operation
        text += "%\(index) = \(operation.name)("
        for (position, operand) in node.operands.enumerated() {
            if position > 0 { text += ", " }
            print(operand)
        }
        text += ")"
        let attributes = operation.attributes
        if !attributes.isEmpty {
            let written = attributes.map { "\($0.name) = \($0.value)" }
            text += " {\(written.joined(separator: ", "))}"
        }
        let types = node.types.map(\.description).joined(separator: ", ")
        text += node.types.count == 1 ? " : \(types)" : " : (\(types))"
        if !node.path.isEmpty { text += " @ \(node.path.irQuoted)" }
    }

    /// `%3`, or `%5#1` for a result of a node with several.
    private mutating func print(_ value: Value) {
        text += "%\(value.node)"
        let isOnly =
            graph.nodes.indices.contains(value.node) && graph.nodes[value.node].types.count == 1
        if value.result != 0 || !isOnly { text += "#\(value.result)" }
    }
}
