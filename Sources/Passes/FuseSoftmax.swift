import MartletIR

/// Recognises softmax and log-softmax.
///
/// Before: `%s = subtract(%x, max of %x)  %e = exponential(%s)  %y = divide(%e, sum of %e)`
/// After: `%y = softmax(%x) {axis = …}`
///
/// Before: `%y = subtract(%s, log of the sum of exponential(%s))`, or `log(softmax(%x))`
/// After: `%y = log_softmax(%x) {axis = …}`
///
/// The reductions may keep their axis with extent 1. What others read of the middle stays.
/// Must run before `fuse-softmax-cross-entropy`, `fuse-attention` and `differentiate`.
public struct FuseSoftmax: Pass {
    public init() {}

    public var name: String { "fuse-softmax" }

    public func run(_ graph: Graph) throws -> Graph {
        try GraphRewriter.rewrite(graph) { node, rewriter in
            guard node.types.count == 1, node.types[0].dtype.isFloat,
                let op = softmax(node, rewriter) ?? logSoftmax(node, rewriter)
            else { return nil }
            return try rewriter.builder.append(op.op, [op.operand])
        }
    }

    /// `exp(x - max x) / Σ exp(x - max x)`
    private func softmax(_ node: Node, _ r: GraphRewriter) -> (op: Op, operand: Value)? {
        guard case .binary(let binary) = node.op, binary.kind == .divide else { return nil }
        let (exponentials, divisor) = (node.operands[0], node.operands[1])
        guard let axes = r.spreadAxes(divisor), axes.count == 1,
            let sum = r.spread(divisor, along: axes),
            r.reduced(.sum, sum, along: axes) == exponentials,
            let shifted = r.unary(.exponential, exponentials),
            let x = unshifted(shifted, axes, r)
        else { return nil }
        return (.softmax(Softmax(axis: axes[0])), x)
    }

    /// `x - max x - log Σ exp(x - max x)`, or the logarithm of a softmax.
    private func logSoftmax(_ node: Node, _ r: GraphRewriter) -> (op: Op, operand: Value)? {
        if case .unary(let unary) = node.op, unary.kind == .log,
            case .softmax(let softmax) = r.op(node.operands[0])
        {
            let x = r.operands(node.operands[0])[0]
            return (.logSoftmax(LogSoftmax(axis: softmax.axis)), x)
        }
        guard case .binary(let binary) = node.op, binary.kind == .subtract else { return nil }
        let (shifted, subtrahend) = (node.operands[0], node.operands[1])
        // The logarithm is taken of the sum, or of the sum already spread.
        guard let axes = r.spreadAxes(r.unary(.log, subtrahend) ?? subtrahend), axes.count == 1,
            let sum = r.unary(.log, subtrahend).flatMap({ r.spread($0, along: axes) })
                ?? r.spread(subtrahend, along: axes).flatMap({ r.unary(.log, $0) }),
            let exponentials = r.reduced(.sum, sum, along: axes),
            r.unary(.exponential, exponentials) == shifted,
            let x = unshifted(shifted, axes, r)
        else { return nil }
        return (.logSoftmax(LogSoftmax(axis: axes[0])), x)
    }

    /// x of `x - max x`.
    private func unshifted(_ value: Value, _ axes: [Int], _ r: GraphRewriter) -> Value? {
        guard let (x, largest) = r.binary(.subtract, value),
            let maximum = r.spread(largest, along: axes),
            r.reduced(.max, maximum, along: axes) == x
        else { return nil }
        return x
    }
}
