/// Layer normalization over the last axis (Ba et al., 2016, arXiv 1607.06450), with the residual
/// addition and dropout that go before it in a transformer:
///
///     sum  = residual + dropout(x)              (or x alone)
///     y    = (sum - mean) · rstd · scale + offset
///     mean = mean(sum),  rstd = 1/√(variance(sum) + epsilon)
///
/// with the population variance, as Keras and Hugging Face compute it.
///
/// Operands: x, then those that are present of residual, scale `[width]`, offset `[width]`,
/// seed and step for dropout, and the row indices if `rows` has any. Results: y, mean, rstd, and sum if there is a residual.
public struct LayerNorm: CompositeOperation {
    public var epsilon: Double
    public var hasResidual: Bool
    public var hasScale: Bool
    public var hasOffset: Bool
    /// 0 for no dropout; only with a residual.
    public var rate: Double
    public var stream: Int
    /// Of the dropout.
    public var rows: RandomRows

    public init(
        epsilon: Double, hasResidual: Bool = false, hasScale: Bool = true, hasOffset: Bool = true,
        rate: Double = 0, stream: Int = 0, rows: RandomRows = .all
    ) {
        self.epsilon = epsilon
        self.hasResidual = hasResidual
        self.hasScale = hasScale
        self.hasOffset = hasOffset
        self.rate = rate
        self.stream = stream
        self.rows = rows
    }

    public init(reading attributes: inout AttributeReader) throws {
        self.init(
            epsilon: try attributes.number("epsilon"),
            hasResidual: try attributes.boolean("residual", default: false),
            hasScale: try attributes.boolean("scale", default: true),
            hasOffset: try attributes.boolean("offset", default: true),
            rate: try attributes.number("rate", default: 0),
            stream: try attributes.integer("stream", default: 0),
            rows: try RandomRows(reading: &attributes))
    }

    public var name: String { "layer_norm" }
    public var attributes: [Attribute] {
        [
            Attribute("epsilon", .number(epsilon)), Attribute("residual", .boolean(hasResidual)),
            Attribute("scale", .boolean(hasScale)), Attribute("offset", .boolean(hasOffset)),
            Attribute("rate", .number(rate)), Attribute("stream", .integer(stream)),
        ] + rows.attributes
    }

    /// Where each operand stands, by name; nil for those this op does not take.
    package struct Layout<Element> {
        package var x: Element
        package var residual, scale, offset, seed, step, rowIndices: Element?

        /// What dropout takes besides x.
        fileprivate var random: [Element] { [seed, step, rowIndices].compactMap(\.self) }
    }

    package func layout<Element>(_ operands: [Element]) -> Layout<Element> {
        var rest = operands.dropFirst()
        func next(_ isPresent: Bool) -> Element? { isPresent ? rest.popFirst() : nil }
        return Layout(
            x: operands[0], residual: next(hasResidual), scale: next(hasScale),
            offset: next(hasOffset), seed: next(rate > 0), step: next(rate > 0),
            rowIndices: next(rate > 0 && rows.isIndexed))
    }

    private var operandCount: Int {
        1
            + [hasResidual, hasScale, hasOffset, rate > 0, rate > 0, rate > 0 && rows.isIndexed]
            .count { $0 }
    }

    public func resultTypes(_ operands: [TensorType]) throws -> [TensorType] {
        try TypeMismatch.requireCount(operands, operandCount)
        try Dropout.requireRate(rate)
        try RandomBits.requireStream(stream)
        try rows.requireValid()
        try TypeMismatch.require(
            rate == 0 || hasResidual, "dropout needs a residual to be added to")
        try TypeMismatch.require(epsilon >= 0, "epsilon \(epsilon) may not be negative")
        let operand = layout(operands)
        let x = operand.x
        try TypeMismatch.require(
            x.dtype.isFloat && x.rank >= 1, "expected a float tensor of rank ≥ 1, received \(x)")
        let width = x.with(shape: [x.shape[x.rank - 1]])
        if let residual = operand.residual {
            try TypeMismatch.requireSame("residual", x, residual)
        }
        if let scale = operand.scale { try TypeMismatch.requireSame("scale", width, scale) }
        if let offset = operand.offset { try TypeMismatch.requireSame("offset", width, offset) }
        if let seed = operand.seed, let step = operand.step {
            try RandomBits.requireKey(seed, step)
            try rows.requireIndices(operands, of: x.shape)
        }
        let row = x.with(shape: Shape(Array(x.shape.dimensions.dropLast())))
        return hasResidual ? [x, row, row, x] : [x, row, row]
    }

    public var gradient: GradientRule {
        .rule { context in
            guard context.cotangents[1] == nil, context.cotangents[2] == nil else { return nil }
            return try operandGradients(context)
        }
    }

    private var dropout: Dropout { Dropout(rate: rate, stream: stream, rows: rows) }

    private func operandGradients(_ context: GradientContext) throws -> [Value?] {
        let b = context.builder
        let operand = layout(context.operands)
        let sum = hasResidual ? context.results[3] : operand.x
        let op = LayerNormGradient(hasScale: hasScale, hasOffset: hasOffset)
        let saved = [sum, context.results[1], context.results[2]]
        let gradients = try b.append(
            .layerNormGradient(op),
            [context.cotangent()] + saved + [operand.scale].compactMap(\.self)
        )
        var dsum = gradients[0]
        if hasResidual, let direct = context.cotangents[3] { dsum = try b.add(dsum, direct) }
        var dx = dsum
        if rate > 0 { dx = try b.append(.dropout(dropout), [dsum] + operand.random)[0] }
        var result: [Value?] = [dx]
        if hasResidual { result.append(dsum) }
        if hasScale { result.append(gradients[1]) }
        if hasOffset { result.append(gradients[hasScale ? 2 : 1]) }
        result += operand.random.map { _ in nil }
        return result
    }

    public func decompose(_ operands: [Value], in b: GraphBuilder) throws -> [Value] {
        let operand = layout(operands)
        var sum = operand.x
        if rate > 0 { sum = try b.append(.dropout(dropout), [sum] + operand.random)[0] }
        if let residual = operand.residual { sum = try b.add(residual, sum) }
        let shape = b.type(of: sum).shape
        let last = shape.rank - 1
        let rows = Array(0..<last)
        let spread = { try b.broadcastInDim($0, shape, dimensions: rows) }
        let mean = try b.mean(sum, axes: [last])
        let centred = try b.subtract(sum, spread(mean))
        let variance = try b.mean(b.multiply(centred, centred), axes: [last])
        let rstd = try b.unary(.rsqrt, b.add(variance, epsilon))
        var y = try b.multiply(centred, spread(rstd))
        if let scale = operand.scale {
            y = try b.multiply(y, b.broadcastInDim(scale, shape, dimensions: [last]))
        }
        if let offset = operand.offset {
            y = try b.add(y, b.broadcastInDim(offset, shape, dimensions: [last]))
        }
        return hasResidual ? [y, mean, rstd, sum] : [y, mean, rstd]
    }
}

/// The gradient of layer normalization:
///
///     x̂ = (sum - mean) · rstd,   g = dy · scale
///     dsum = rstd · (g - mean(g) - x̂ · mean(g · x̂))
///     dscale = Σ dy · x̂,   doffset = Σ dy
///
/// Operands: dy, sum, mean, rstd, and scale if there is one. Results: dsum, then dscale and
/// doffset where scale and offset exist.
public struct LayerNormGradient: CompositeOperation {
    public var hasScale: Bool
    public var hasOffset: Bool

    public init(hasScale: Bool = true, hasOffset: Bool = true) {
        self.hasScale = hasScale
        self.hasOffset = hasOffset
    }

    public init(reading attributes: inout AttributeReader) throws {
        self.init(
            hasScale: try attributes.boolean("scale", default: true),
            hasOffset: try attributes.boolean("offset", default: true))
    }

    public var name: String { "layer_norm_gradient" }
    public var attributes: [Attribute] {
        [Attribute("scale", .boolean(hasScale)), Attribute("offset", .boolean(hasOffset))]
    }

    public func resultTypes(_ operands: [TensorType]) throws -> [TensorType] {
        try TypeMismatch.requireCount(operands, hasScale ? 5 : 4)
        let sum = operands[1]
        try TypeMismatch.require(sum.rank >= 1, "expected rank ≥ 1, received \(sum)")
        try TypeMismatch.requireSame("cotangent", sum, operands[0])
        let row = sum.with(shape: Shape(Array(sum.shape.dimensions.dropLast())))
        try TypeMismatch.requireSame("mean", row, operands[2])
        try TypeMismatch.requireSame("rstd", row, operands[3])
        let width = sum.with(shape: [sum.shape[sum.rank - 1]])
        if hasScale { try TypeMismatch.requireSame("scale", width, operands[4]) }
        return [sum] + (hasScale ? [width] : []) + (hasOffset ? [width] : [])
    }

    public func decompose(_ operands: [Value], in b: GraphBuilder) throws -> [Value] {
        let (dy, sum) = (operands[0], operands[1])
        let shape = b.type(of: sum).shape
        let last = shape.rank - 1
        let rows = Array(0..<last)
        let spread = { try b.broadcastInDim($0, shape, dimensions: rows) }
        let rstd = try spread(operands[3])
        let normalized = try b.multiply(b.subtract(sum, spread(operands[2])), rstd)
        var g = dy
        if hasScale {
            g = try b.multiply(dy, b.broadcastInDim(operands[4], shape, dimensions: [last]))
        }
        let mean = try spread(b.mean(g, axes: [last]))
        let correlation = try spread(b.mean(b.multiply(g, normalized), axes: [last]))
        let dsum = try b.multiply(
            rstd, b.subtract(b.subtract(g, mean), b.multiply(normalized, correlation)))
        var results = [dsum]
        if hasScale { results.append(try b.reduce(.sum, b.multiply(dy, normalized), axes: rows)) }
        if hasOffset { results.append(try b.reduce(.sum, dy, axes: rows)) }
        return results
    }
}
