/// `exp(x - max x) / Σ exp(x - max x)` along an axis.
public struct Softmax: CompositeOperation {
    public var axis: Int

    public init(axis: Int) { self.axis = axis }

    public init(reading attributes: inout AttributeReader) throws {
        self.init(axis: try attributes.integer("axis"))
    }

    public var name: String { "softmax" }
    public var attributes: [Attribute] { [Attribute("axis", .integer(axis))] }

    public func resultTypes(_ operands: [TensorType]) throws -> [TensorType] {
        try resultTypesAlongAxis(operands, axis)
    }

    /// `dx = y · (dy - Σ dy·y)`
    public var gradient: GradientRule {
        .rule { context in
            let b = context.builder
            let (y, dy) = (context.results[0], try context.cotangent())
            let mean = try b.reduceKeepingAxes(.sum, b.multiply(dy, y), axes: [axis])
            return [try b.multiply(y, b.subtract(dy, mean))]
        }
    }

    public func decompose(_ operands: [Value], in b: GraphBuilder) throws -> [Value] {
        let exponentials = try b.shiftedExponential(operands[0], axis: axis).exponential
        let sum = try b.reduceKeepingAxes(.sum, exponentials, axes: [axis])
        return [try b.divide(exponentials, sum)]
    }
}

/// `x - max x - log Σ exp(x - max x)` along an axis.
public struct LogSoftmax: CompositeOperation {
    public var axis: Int

    public init(axis: Int) { self.axis = axis }

    public init(reading attributes: inout AttributeReader) throws {
        self.init(axis: try attributes.integer("axis"))
    }

    public var name: String { "log_softmax" }
    public var attributes: [Attribute] { [Attribute("axis", .integer(axis))] }

    public func resultTypes(_ operands: [TensorType]) throws -> [TensorType] {
        try resultTypesAlongAxis(operands, axis)
    }

    /// `dx = dy - exp(y) · Σ dy`
    public var gradient: GradientRule {
        .rule { context in
            let b = context.builder
            let (y, dy) = (context.results[0], try context.cotangent())
            let sum = try b.reduceKeepingAxes(.sum, dy, axes: [axis])
            return [try b.subtract(dy, b.multiply(b.unary(.exponential, y), sum))]
        }
    }

    public func decompose(_ operands: [Value], in b: GraphBuilder) throws -> [Value] {
        let (shifted, exponentials) = try b.shiftedExponential(operands[0], axis: axis)
        let sum = try b.reduceKeepingAxes(.sum, exponentials, axes: [axis])
        return [try b.subtract(shifted, b.unary(.log, sum))]
    }
}

private func resultTypesAlongAxis(_ operands: [TensorType], _ axis: Int) throws -> [TensorType] {
    try TypeMismatch.requireCount(operands, 1)
    try TypeMismatch.requireAxis(axis, rank: operands[0].rank)
    try TypeMismatch.require(
        operands[0].dtype.isFloat, "expected a float type, received \(operands[0].dtype)")
    return [operands[0]]
}

extension GraphBuilder {
    /// `x - max x` and its exponential: both read the very same difference.
    func shiftedExponential(
        _ x: Value, axis: Int
    ) throws -> (shifted: Value, exponential: Value) {
        let shifted = try subtract(x, reduceKeepingAxes(.max, x, axes: [axis]))
        return (shifted, try unary(.exponential, shifted))
    }
}

/// Cross-entropy of integer labels under softmax of logits, per row.
///
/// Operands: logits `[…, classes]`, labels `[…]` (integer). Results: `loss = lse - logits[label]`
/// and `lse = log Σ exp(logits)`, both `[…]`; lse is what the gradient needs again.
public struct SoftmaxCrossEntropy: CompositeOperation {
    public init() {}

    public init(reading attributes: inout AttributeReader) throws {
        self.init()
    }

    public var name: String { "softmax_cross_entropy" }
    public var attributes: [Attribute] { [] }

    public func resultTypes(_ operands: [TensorType]) throws -> [TensorType] {
        try TypeMismatch.requireCount(operands, 2)
        let (logits, labels) = (operands[0], operands[1])
        try TypeMismatch.require(logits.rank >= 1, "logits must have a class axis")
        try TypeMismatch.require(
            logits.dtype.isFloat, "logits: expected a float type, received \(logits.dtype)")
        try TypeMismatch.require(
            labels.dtype.isInteger, "labels: expected an integer type, received \(labels.dtype)")
        let rows = Shape(Array(logits.shape.dimensions.dropLast()))
        try TypeMismatch.require(
            labels.shape == rows, "labels: expected shape \(rows), received \(labels.shape)")
        return [logits.with(shape: rows), logits.with(shape: rows)]
    }

    public var gradient: GradientRule {
        .rule { context in
            guard context.cotangents[1] == nil else { return nil }
            let dx = try context.builder.append(
                .softmaxCrossEntropyGradient(SoftmaxCrossEntropyGradient()),
                [
                    context.operands[0], context.operands[1], context.results[1],
                    context.cotangent(),
                ])
            return [dx[0], nil]
        }
    }

    public func decompose(_ operands: [Value], in b: GraphBuilder) throws -> [Value] {
        let logits = operands[0]
        let axis = b.type(of: logits).rank - 1
        let largest = try b.reduceKeepingAxes(.max, logits, axes: [axis])
        let exponentials = try b.unary(.exponential, b.subtract(logits, largest))
        let lse = try b.add(
            b.unary(.log, b.reduce(.sum, exponentials, axes: [axis])),
            b.reduce(.max, logits, axes: [axis]))
        let hot = try b.oneHot(operands[1], like: logits)
        let chosen = try b.select(hot, logits, b.splat(0, b.type(of: logits)))
        return [try b.subtract(lse, b.reduce(.sum, chosen, axes: [axis])), lse]
    }
}

/// `dlogits = (exp(logits - lse) - onehot(labels)) · dloss`
///
/// Operands: logits, labels, lse, dloss.
public struct SoftmaxCrossEntropyGradient: CompositeOperation {
    public init() {}

    public init(reading attributes: inout AttributeReader) throws {
        self.init()
    }

    public var name: String { "softmax_cross_entropy_gradient" }
    public var attributes: [Attribute] { [] }

    public func resultTypes(_ operands: [TensorType]) throws -> [TensorType] {
        try TypeMismatch.requireCount(operands, 4)
        let rows = try SoftmaxCrossEntropy().resultTypes([operands[0], operands[1]])[0]
        try TypeMismatch.requireSame("lse", rows, operands[2])
        try TypeMismatch.requireSame("cotangent", rows, operands[3])
        return [operands[0]]
    }

    public func decompose(_ operands: [Value], in b: GraphBuilder) throws -> [Value] {
        let (logits, lse, dloss) = (operands[0], operands[2], operands[3])
        let type = b.type(of: logits)
        let rows = Array(0..<(type.rank - 1))
        let spread = { try b.broadcastInDim($0, type.shape, dimensions: rows) }
        let probabilities = try b.unary(.exponential, b.subtract(logits, spread(lse)))
        let hot = try b.convert(b.oneHot(operands[1], like: logits), to: type.dtype)
        return [try b.multiply(b.subtract(probabilities, hot), spread(dloss))]
    }
}

extension GraphBuilder {
    /// Whether each element's index along the last axis equals its row's label.
    package func oneHot(_ labels: Value, like logits: Value) throws -> Value {
        let shape = type(of: logits).shape
        let labelType = TensorType(type(of: labels).dtype, shape)
        let classes = try append(.iota(Iota(labelType, axis: shape.rank - 1)))
        let rows = Array(0..<(shape.rank - 1))
        return try compare(.eq, classes, broadcastInDim(labels, shape, dimensions: rows))
    }
}
