/// One result of one node.
public struct Value: Hashable, Sendable {
    /// Index of the node in `Graph.nodes`.
    public var node: Int
    /// Which of the node's results.
    public var result: Int

    public init(node: Int, result: Int = 0) {
        self.node = node
        self.result = result
    }
}

/// One operation applied to earlier values.
public struct Node: Hashable, Sendable {
    public var op: Op
    public var operands: [Value]
    /// The type of each result, as the op's shape rule infers it.
    public var types: [TensorType]
    /// The layer this node came from, such as `transformer_block/attention/query`; empty where
    /// no layer did. Every message and profile names it.
    public var path: String

    public init(op: Op, operands: [Value], types: [TensorType], path: String) {
        self.op = op
        self.operands = operands
        self.types = types
        self.path = path
    }
}

/// A named result of a graph.
public struct GraphOutput: Hashable, Sendable {
    public var name: String
    public var value: Value
    /// The input whose storage takes this value after the step (a parameter or optimizer slot);
    /// the plan writes it in place. Nil for a plain result.
    public var updates: String?

    public init(name: String, value: Value, updates: String? = nil) {
        self.name = name
        self.value = value
        self.updates = updates
    }
}

/// A static tensor program: flat arrays of nodes in topological order, immutable once built.
///
/// Equality and hashing are structural. `GraphBuilder` makes graphs; passes map one to another.
public struct Graph: Hashable, Sendable {
    public let name: String
    public let nodes: [Node]
    public let outputs: [GraphOutput]

    init(name: String, nodes: [Node], outputs: [GraphOutput]) {
        self.name = name
        self.nodes = nodes
        self.outputs = outputs
    }

    public func type(of value: Value) -> TensorType { nodes[value.node].types[value.result] }

    /// The indices of the input nodes, in the order they were declared.
    public var inputs: [Int] {
        nodes.indices.filter { if case .input = nodes[$0].op { true } else { false } }
    }

    /// The declaration of the input at a node; nil for any other node.
    public func input(at node: Int) -> Input? {
        if case .input(let input) = nodes[node].op { input } else { nil }
    }

    /// Every symbol that occurs in a type, sorted by name.
    public var symbols: [Symbol] {
        var found: Set<Symbol> = []
        for node in nodes {
            for type in node.types {
                for dimension in type.shape.dimensions where dimension.fixed == nil {
                    found.formUnion(dimension.symbols)
                }
            }
        }
        return found.sorted()
    }

    /// For each node, how many operands and outputs refer to any of its results.
    public func useCounts() -> [Int] {
        var counts = [Int](repeating: 0, count: nodes.count)
        for node in nodes { for operand in node.operands { counts[operand.node] += 1 } }
        for output in outputs { counts[output.value.node] += 1 }
        return counts
    }
}
