import MartletIR

/// Moves slices towards where their operands come from, so that only what is read is computed.
///
/// Before: `%y = layer_norm(%x, …)  %0 = slice(%y)` of position 0 of each sequence
/// After: `%0 = slice(%x)  %y = layer_norm(%0, …)`
///
/// Only where every reader of a value reads the same part of it: a classifier that reads the first
/// token of an encoder's last block needs that block's queries, feed-forward and norms for one
/// position, its keys and values for all. What is read whole, or in different parts, stays as it
/// is, and so do models that read all positions. A dropout keeps dropping the elements that it
/// dropped (`RandomRows`).
///
/// Must run after the fusion passes, whose patterns would not see through the slices, and before
/// `differentiate`, so that gradients are taken of the less that is left.
public struct SinkSlices: Pass {
    public init() {}

    public var name: String { "sink-slices" }

    public func run(_ graph: Graph) throws -> Graph {
        // What nobody reads would be left with operands that are gone.
        let graph = try EliminateDeadCode().run(graph)
        let parts = ReadParts(graph)
        var slices: [SliceKey: Value] = [:]
        return try GraphRewriter.rewrite(graph) { node, rewriter in
            let old = graph.nodes[rewriter.index]
            guard let sunk = parts.sunk[rewriter.index] else {
                guard let part = AxisPart(slicing: old, in: graph) else { return nil }
                // The operand became the part, or was sliced for another reader.
                let isPart = parts.ofNode[old.operands[0].node] == .part(part)
                let key = SliceKey(value: node.operands[0], part: part)
                if isPart || slices[key] != nil { return [slices[key] ?? node.operands[0]] }
                let value = rewriter.builder.copy(node, operands: node.operands)
                slices[key] = value[0]
                return value
            }
            var operands = node.operands
            for (index, part) in sunk.operands.enumerated() {
                guard let part, parts.ofNode[old.operands[index].node] != .part(part) else {
                    continue
                }
                let key = SliceKey(value: operands[index], part: part)
                let value = try slices[key] ?? part.slice(operands[index], rewriter.builder)
                slices[key] = value
                operands[index] = value
            }
            return try rewriter.builder.append(sunk.op, operands)
        }
    }

    private struct SliceKey: Hashable {
        var value: Value
        var part: AxisPart
    }
}

/// Elements `start ..< limit` of one axis, of which there are `count`.
struct AxisPart: Hashable {
    var axis: Int
    var start: Int
    var limit: Dimension
    var count: Dimension

    /// The part a slice takes; nil for a node that takes none, or less than all of several axes.
    init?(slicing node: Node, in graph: Graph) {
        guard case .slice(let slice) = node.op else { return nil }
        let whole = graph.type(of: node.operands[0]).shape
        let cut = (0..<whole.rank).filter { axis in
            slice.starts[axis] != 0 || slice.limits[axis] != whole[axis]
                || slice.strides[axis] != 1
        }
        guard cut.count == 1, slice.strides[cut[0]] == 1, node.types[0].shape[cut[0]] != 0 else {
            return nil
        }
        axis = cut[0]
        start = slice.starts[axis]
        limit = slice.limits[axis]
        count = node.types[0].shape[axis]
    }

    /// The same part of another axis.
    func of(_ axis: Int) -> AxisPart {
        var part = self
        part.axis = axis
        return part
    }

    func shape(of whole: Shape) -> Shape {
        var shape = whole
        shape.dimensions[axis] = count
        return shape
    }

    func slice(_ value: Value, _ b: GraphBuilder) throws -> Value {
        var limits = b.type(of: value).shape
        var starts = [Int](repeating: 0, count: limits.rank)
        limits.dimensions[axis] = limit
        starts[axis] = start
        return try b.slice(value, starts: starts, limits: limits)
    }
}

/// What the readers of each node's results read, all of them together.
private struct ReadParts {
    enum Reading: Equatable {
        case nothing
        case part(AxisPart)
        case whole
    }

    private(set) var ofNode: [Reading]
    /// For nodes that are read in part, the op that yields that part.
    private(set) var sunk: [Int: SunkOp] = [:]

    init(_ graph: Graph) {
        ofNode = [Reading](repeating: .nothing, count: graph.nodes.count)
        for output in graph.outputs { ofNode[output.value.node] = .whole }
        for index in graph.nodes.indices.reversed() where ofNode[index] != .nothing {
            let node = graph.nodes[index]
            var parts = [AxisPart?](repeating: nil, count: node.operands.count)
            if case .part(let part) = ofNode[index] {
                if let op = SunkOp(node, part, in: graph) {
                    sunk[index] = op
                    parts = op.operands
                } else {
                    ofNode[index] = .whole
                }
            }
            if ofNode[index] == .whole, let part = AxisPart(slicing: node, in: graph) {
                parts[0] = part
            }
            for (operand, part) in zip(node.operands, parts) {
                read(operand, part, graph)
            }
        }
    }

    private mutating func read(_ value: Value, _ part: AxisPart?, _ graph: Graph) {
        // The results of other ops have axes of their own.
        let isNorm = if case .layerNorm = graph.nodes[value.node].op { true } else { false }
        let reading: Reading =
            if let part, value.result == 0 || isNorm { .part(part) } else { .whole }
        if ofNode[value.node] == .nothing || ofNode[value.node] == reading {
            ofNode[value.node] = reading
        } else {
            ofNode[value.node] = .whole
        }
    }
}
