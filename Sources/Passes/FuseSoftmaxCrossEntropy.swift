import MartletIR

/// Recognises the cross-entropy of integer labels under a softmax, per row.
///
/// Before: `-Σ select(onehot(labels), log_softmax(%x), 0)` over the last axis, or with the hot
/// entries multiplied in, or `lse(%x) - Σ select(onehot(labels), %x, 0)`
/// After: `softmax_cross_entropy(%x, %labels)`
///
/// Must run after `fuse-softmax` and before `differentiate`.
public struct FuseSoftmaxCrossEntropy: Pass {
    public init() {}

    public var name: String { "fuse-softmax-cross-entropy" }

    public func run(_ graph: Graph) throws -> Graph {
        try GraphRewriter.rewrite(graph) { node, rewriter in
            guard node.types.count == 1, node.types[0].dtype.isFloat,
                let (logits, labels) = crossEntropy(node, rewriter)
            else { return nil }
            let op = Op.softmaxCrossEntropy(SoftmaxCrossEntropy())
            return [try rewriter.builder.append(op, [logits, labels])[0]]
        }
    }

    private func crossEntropy(_ node: Node, _ r: GraphRewriter) -> (Value, Value)? {
        let last = node.types[0].rank
        switch node.op {
        case .unary(let unary) where unary.kind == .negate:
            guard let (logs, labels) = chosen(node.operands[0], last, r),
                case .logSoftmax(let op) = r.op(logs), op.axis == last
            else { return nil }
            return (r.operands(logs)[0], labels)
        case .binary(let binary) where binary.kind == .subtract:
            guard let (logits, labels) = chosen(node.operands[1], last, r),
                logExponentialSum(node.operands[0], last, r) == logits
            else { return nil }
            return (logits, labels)
        default: return nil
        }
    }

    /// What a value is the label's entry of, and the labels.
    private func chosen(_ value: Value, _ last: Int, _ r: GraphRewriter) -> (Value, Value)? {
        guard let product = r.reduced(.sum, value, along: [last]) else { return nil }
        if case .select = r.op(product) {
            let operands = r.operands(product)
            guard r.splat(operands[2]) == 0, let labels = hotLabels(operands[0], last, r) else {
                return nil
            }
            return (operands[1], labels)
        }
        guard let (x, y) = r.binary(.multiply, product) else { return nil }
        for (logs, hot) in [(x, y), (y, x)] {
            // Only a log-softmax is finite for certain, so that 0 times it is 0.
            guard case .logSoftmax = r.op(logs), case .convert = r.op(hot),
                let labels = hotLabels(r.operands(hot)[0], last, r)
            else { continue }
            return (logs, labels)
        }
        return nil
    }

    /// The labels whose one-hot form a condition is.
    private func hotLabels(_ condition: Value, _ last: Int, _ r: GraphRewriter) -> Value? {
        guard case .compare(let compare) = r.op(condition), compare.direction == .eq else {
            return nil
        }
        let compared = r.operands(condition)
        for (index, repeated) in [(compared[0], compared[1]), (compared[1], compared[0])] {
            guard case .iota(let iota) = r.op(index), iota.axis == last,
                let labels = r.spread(repeated, along: [last]), r.type(labels).dtype.isInteger
            else { continue }
            return labels
        }
        return nil
    }

    /// x of `log Σ exp(x - max x) + max x`.
    private func logExponentialSum(_ value: Value, _ last: Int, _ r: GraphRewriter) -> Value? {
        guard let (first, second) = r.binary(.add, value) else { return nil }
        for (logarithm, maximum) in [(first, second), (second, first)] {
            guard let x = r.reduced(.max, maximum, along: [last]),
                let sum = r.unary(.log, logarithm),
                let exponentials = r.reduced(.sum, sum, along: [last]),
                let shifted = r.unary(.exponential, exponentials),
                let (minuend, subtrahend) = r.binary(.subtract, shifted), minuend == x,
                r.spread(subtrahend, along: [last]) == maximum
            else { continue }
            return x
        }
        return nil
    }
}
