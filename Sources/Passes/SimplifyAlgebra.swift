import MartletIR

/// Replaces nodes by simpler ones of the same value, one rule a line.
///
/// Only rules that hold for every float, NaN and infinities included (x · 0 is not 0).
/// Before: `%3 = add(%1, splat 0)`  After: uses of `%3` read `%1`.
public struct SimplifyAlgebra: Pass {
    public init() {}

    public var name: String { "simplify-algebra" }

    public func run(_ graph: Graph) throws -> Graph {
        try GraphRewriter.rewrite(graph) { node, rewriter in
            guard node.types.count == 1 else { return nil }
            if let same = sameValue(node, rewriter) { return [same] }
            return try simpler(node, rewriter).map { [$0] }
        }
    }

    /// An existing value that equals the node.
    private func sameValue(_ node: Node, _ r: GraphRewriter) -> Value? {
        let x = node.operands.first
        let y = node.operands.count > 1 ? node.operands[1] : nil
        switch node.op {
        case .binary(let binary):
            guard let x, let y else { return nil }
            switch binary.kind {
            // The sign of a zero is not kept: -0 + 0 is 0, and x alone would be -0.
            case .add where r.splat(y) == 0: return x
            case .add where r.splat(x) == 0: return y
            case .subtract where r.splat(y) == 0: return x
            case .multiply where r.splat(y) == 1: return x
            case .multiply where r.splat(x) == 1: return y
            case .divide where r.splat(y) == 1: return x
            case .power where r.splat(y) == 1: return x
            case .and where r.splat(y) == 1, .or where r.splat(y) == 0: return x
            case .and where r.splat(x) == 1, .or where r.splat(x) == 0: return y
            case .maximum where x == y, .minimum where x == y: return x
            case .and where x == y, .or where x == y: return x
            default: return nil
            }
        case .unary(let unary):
            guard let x else { return nil }
            switch unary.kind {
            case .negate: return r.unary(.negate, x)
            case .not: return r.unary(.not, x)
            case .abs: return r.unary(.abs, x) == nil ? nil : x
            default: return nil
            }
        case .select:
            guard let x, node.operands.count == 3 else { return nil }
            if node.operands[1] == node.operands[2] { return node.operands[1] }
            return r.splat(x).map { node.operands[$0 != 0 ? 1 : 2] }
        case .convert(let convert):
            return x.flatMap { r.type($0).dtype == convert.dtype ? $0 : nil }
        case .reshape(let reshape):
            return x.flatMap { r.type($0).shape == reshape.shape ? $0 : nil }
        case .transpose(let transpose):
            return transpose.permutation == Array(transpose.permutation.indices) ? x : nil
        case .broadcastInDim(let broadcast):
            let isIdentity = broadcast.dimensions == Array(0..<broadcast.shape.rank)
            return x.flatMap { isIdentity && r.type($0).shape == broadcast.shape ? $0 : nil }
        case .slice: return x.flatMap { r.type($0) == node.types[0] ? $0 : nil }
        case .pad: return x.flatMap { r.type($0) == node.types[0] ? $0 : nil }
        case .concatenate: return node.operands.count == 1 ? x : nil
        case .reduce(let reduce): return reduce.axes.isEmpty ? x : nil
        case .dropout(let dropout): return dropout.rate == 0 ? x : nil
        default: return nil
        }
    }

    /// A new node that is simpler than this one.
    private func simpler(_ node: Node, _ r: GraphRewriter) throws -> Value? {
        let b = r.builder
        guard let x = node.operands.first else { return nil }
        switch node.op {
        // reshape(reshape(x)) → reshape(x)
        case .reshape(let reshape):
            guard case .reshape = r.op(x) else { return nil }
            return try b.reshape(r.operands(x)[0], reshape.shape)
        // transpose(transpose(x)) → transpose(x)
        case .transpose(let outer):
            guard case .transpose(let inner) = r.op(x) else { return nil }
            return try b.transpose(
                r.operands(x)[0], outer.permutation.map { inner.permutation[$0] })
        // broadcast(broadcast(x)) → broadcast(x)
        case .broadcastInDim(let outer):
            guard let (source, dimensions) = r.broadcast(x) else { return nil }
            return try b.broadcastInDim(
                source, outer.shape, dimensions: dimensions.map { outer.dimensions[$0] })
        // -(x · c) → x · -c
        case .unary(let unary) where unary.kind == .negate:
            guard let (y, c) = r.binary(.multiply, x), let factor = r.splat(c) else { return nil }
            return try b.multiply(y, -factor)
        // x + -y → x - y
        case .binary(let binary) where binary.kind == .add:
            guard let y = r.unary(.negate, node.operands[1]) else { return nil }
            return try b.subtract(x, y)
        // x - -y → x + y;  0 - x → -x
        case .binary(let binary) where binary.kind == .subtract:
            if let y = r.unary(.negate, node.operands[1]) { return try b.add(x, y) }
            return r.splat(x) == 0 ? try b.negate(node.operands[1]) : nil
        default: return nil
        }
    }
}
