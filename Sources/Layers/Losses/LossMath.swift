import MartletIR

extension GraphBuilder {
    /// Keras's ε, by which probabilities are kept from 0 and 1.
    static var epsilon: Double { 1e-7 }

    /// `x` limited to `low...high`; the gradient is 1 inside and at the limits, 0 outside, as in
    /// TensorFlow. NaN stays NaN.
    func clip(_ x: Value, _ low: Double, _ high: Double) throws -> Value {
        let type = type(of: x)
        let (low, high) = (try splat(low, type), try splat(high, type))
        let raised = try select(compare(.lt, x, low), low, x)
        return try select(compare(.gt, x, high), high, raised)
    }

    /// `x / y`, and 0 where y is 0.
    func divideNoNaN(_ x: Value, _ y: Value) throws -> Value {
        let zero = try splat(0, type(of: y))
        let one = try splat(1, type(of: y))
        let isZero = try compare(.eq, y, zero)
        return try select(isZero, zero, divide(x, select(isZero, one, y)))
    }

    func square(_ x: Value) throws -> Value { try multiply(x, x) }

    /// The mean over the last axis.
    func meanOfLastAxis(_ x: Value) throws -> Value { try mean(x, axes: [type(of: x).rank - 1]) }

    /// The sum over the last axis.
    func sumOfLastAxis(_ x: Value) throws -> Value {
        try reduce(.sum, x, axes: [type(of: x).rank - 1])
    }

    /// `log(1 + exp(x))` without overflow.
    func softplus(_ x: Value) throws -> Value {
        let zero = try splat(0, type(of: x))
        let isPositive = try compare(.ge, x, zero)
        let negativeMagnitude = try select(isPositive, negate(x), x)
        let tail = try unary(.logPlusOne, unary(.exponential, negativeMagnitude))
        return try add(select(isPositive, x, zero), tail)
    }

    /// Two values whose ranks differ by one, and one of which ends in an axis of extent 1, as
    /// values of one rank; other values as they are. (Keras's `squeeze_or_expand_to_same_rank`.)
    func matchingRanks(_ x: Value, _ y: Value) throws -> (Value, Value) {
        let (left, right) = (type(of: x).shape, type(of: y).shape)
        if left.rank == right.rank + 1, left.dimensions.last == 1 {
            return right.rank == 1
                ? (x, try reshape(y, right.appending(1)))
                : (try reshape(x, Shape(Array(left.dimensions.dropLast()))), y)
        }
        if right.rank == left.rank + 1 {
            let swapped = try matchingRanks(y, x)
            return (swapped.1, swapped.0)
        }
        return (x, y)
    }

    /// Two values repeated to one shape by NumPy's rule.
    ///
    /// - Throws: `GraphError` where their shapes do not broadcast.
    func broadcastTogether(_ x: Value, _ y: Value, for name: String) throws -> (Value, Value) {
        let (left, right) = (type(of: x).shape, type(of: y).shape)
        if left == right { return (x, y) }
        let rank = max(left.rank, right.rank)
        var dimensions: [Dimension] = []
        for axis in 0..<rank {
            let first = axis < rank - left.rank ? 1 : left[axis - (rank - left.rank)]
            let second = axis < rank - right.rank ? 1 : right[axis - (rank - right.rank)]
            guard first == second || first == 1 || second == 1 else {
                throw GraphError(
                    op: name,
                    message: "weights or mask of shape \(right) do not broadcast to \(left); "
                        + "give one weight for each loss"
                        + (right.rank + 1 == left.rank ? ", or \(right.appending(1))" : ""))
            }
            dimensions.append(first == 1 ? second : first)
        }
        let shape = Shape(dimensions)
        return (
            try broadcastInDim(x, shape, dimensions: Array((rank - left.rank)..<rank)),
            try broadcastInDim(y, shape, dimensions: Array((rank - right.rank)..<rank))
        )
    }

    /// What a softmax over the last axis was taken of; nil where `x` is no such softmax.
    func logits(ofSoftmax x: Value) -> Value? {
        guard case .softmax(let softmax) = nodes[x.node].op,
            softmax.axis == type(of: x).rank - 1
        else { return nil }
        return nodes[x.node].operands[0]
    }

    /// What a logistic sigmoid was taken of; nil where `x` is none.
    func logits(ofSigmoid x: Value) -> Value? {
        guard case .unary(let unary) = nodes[x.node].op, unary.kind == .logistic else {
            return nil
        }
        return nodes[x.node].operands[0]
    }
}
