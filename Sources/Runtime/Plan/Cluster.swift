import MartletIR

/// Elementwise ops over one shape that run together: each element is read once, goes through every
/// instruction in registers, and one result is written.
///
/// Registers are numbered: first the leaves, then one for each instruction. The last register is
/// the result.
public struct Cluster: Hashable, Sendable {
    public enum Leaf: Hashable, Sendable {
        /// An operand of the step; for each axis of the cluster, the operand's axis that moves
        /// with it, or nil where the operand is repeated.
        case operand(Int, axes: [Int?])
        case immediate(Double, DType)
        /// The index along an axis.
        case iota(axis: Int, DType)
    }

    public struct Instruction: Hashable, Sendable {
        /// `unary`, `binary`, `compare`, `select`, `convert` or `gelu`.
        public var op: Op
        /// Registers.
        public var arguments: [Int]
        public var dtype: DType
    }

    public var shape: Shape
    public var leaves: [Leaf]
    public var instructions: [Instruction]

    var label: String { instructions.isEmpty ? "broadcast" : "cluster(\(names))" }

    /// The ops in order: `add, multiply`.
    var names: String { instructions.map(\.op.name).joined(separator: ", ") }

    /// Instructions beyond which a cluster is not grown.
    static let instructionLimit = 48
}

extension Op {
    /// Whether a cluster can hold the op.
    var isElementwise: Bool {
        switch self {
        case .unary, .binary, .compare, .select, .convert, .gelu: true
        default: false
        }
    }
}
