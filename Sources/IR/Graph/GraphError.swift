/// What is wrong with a graph, and where.
///
/// Prints as `dense/kernel: dot_general: contracting extents differ: expected …, received …`.
public struct GraphError: Error, Hashable, CustomStringConvertible {
    /// The layer path, empty where there is none.
    public var path: String
    /// The op's name in the textual IR.
    public var op: String
    public var message: String
    /// The node's number once it has one.
    public var node: Int?

    public init(path: String = "", op: String = "", message: String, node: Int? = nil) {
        self.path = path
        self.op = op
        self.message = message
        self.node = node
    }

    public var description: String {
        var place: [String] = []
        if let node { place.append("%\(node)") }
        if !path.isEmpty { place.append(path) }
        if !op.isEmpty { place.append(op) }
        return (place + [message]).joined(separator: ": ")
    }
}

/// Thrown by an op's shape rule; the builder adds op, layer path and operand types.
struct TypeMismatch: Error {
    var message: String
    init(_ message: String) { self.message = message }
}

extension TypeMismatch {
    /// Throws unless `condition` holds.
    static func require(_ condition: Bool, _ message: @autoclosure () -> String) throws {
        if !condition { throw TypeMismatch(message()) }
    }

    static func requireCount(_ operands: [TensorType], _ count: Int) throws {
        try require(
            operands.count == count,
            "expected \(count) operand\(count == 1 ? "" : "s"), received \(operands.count)")
    }

    static func requireAxis(_ axis: Int, rank: Int) throws {
        try require(
            (0..<max(rank, 0)).contains(axis),
            "axis \(axis) is outside 0..<\(rank) of a rank-\(rank) operand")
    }

    static func requireSame(_ name: String, _ expected: TensorType, _ received: TensorType) throws {
        try require(expected == received, "\(name): expected \(expected), received \(received)")
    }
}
