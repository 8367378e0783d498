/// Appends nodes to a growing graph, inferring each result's type.
///
/// A reference type on purpose: layers, gradient rules and decompositions all append to the one
/// graph being traced.
public final class GraphBuilder {
    public private(set) var nodes: [Node] = []
    public private(set) var outputs: [GraphOutput] = []
    public let name: String
    /// The layer path given to nodes appended from now on.
    public var path = ""

    public init(name: String = "main") { self.name = name }

    public func type(of value: Value) -> TensorType { nodes[value.node].types[value.result] }

    /// Appends one operation and returns its results.
    ///
    /// - Throws: `GraphError` with op, layer path, and the operand types received, where the
    ///   operands do not fit the op.
    @discardableResult
    public func append(_ op: Op, _ operands: [Value], path: String? = nil) throws -> [Value] {
        let path = path ?? self.path
        let operandTypes = operands.map { type(of: $0) }
        let types: [TensorType]
        do {
            types = try op.checkedResultTypes(operandTypes)
        } catch let mismatch as TypeMismatch {
            let received = operandTypes.map(\.description).joined(separator: ", ")
            throw GraphError(
                path: path, op: op.name,
                message: received.isEmpty
                    ? mismatch.message : "\(mismatch.message) (operands: \(received))")
        }
        let node = nodes.count
        nodes.append(Node(op: op, operands: operands, types: types, path: path))
        return types.indices.map { Value(node: node, result: $0) }
    }

    /// Appends an operation with one result.
    public func append(_ op: Op, _ operands: Value...) throws -> Value {
        try append(op, operands)[0]
    }

    /// Copies a node of another graph, its operands already translated to this one's values.
    package func copy(_ node: Node, operands: [Value]) -> [Value] {
        let index = nodes.count
        var node = node
        node.operands = operands
        nodes.append(node)
        return node.types.indices.map { Value(node: index, result: $0) }
    }

    public func output(_ name: String, _ value: Value, updates: String? = nil) {
        outputs.append(GraphOutput(name: name, value: value, updates: updates))
    }

    /// Runs `body` with `component` appended to the layer path.
    public func scope<Result>(_ component: String, _ body: () throws -> Result) rethrows -> Result {
        let outer = path
        path = outer.isEmpty ? component : outer + "/" + component
        defer { path = outer }
        return try body()
    }

    /// The finished graph.
    ///
    /// - Throws: `GraphError` where two inputs or two outputs share a name, or an output updates
    ///   an input that does not exist or has another type.
    public func build() throws -> Graph {
        let graph = Graph(name: name, nodes: nodes, outputs: outputs)
        try Verifier.verifyInterface(of: graph)
        return graph
    }
}
