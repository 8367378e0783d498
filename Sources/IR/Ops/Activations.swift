/// Gaussian error linear unit (Hendrycks and Gimpel, 2016, arXiv 1606.08415).
///
/// Exact: `x/2 · (1 + erf(x/√2))`; approximate: `x/2 · (1 + tanh(√(2/π) (x + 0.044715 x³)))`.
public struct Gelu: CompositeOperation {
    public var isApproximate: Bool

    public init(isApproximate: Bool = false) { self.isApproximate = isApproximate }

    public init(reading attributes: inout AttributeReader) throws {
        self.init(isApproximate: try attributes.boolean("approximate"))
    }

    public var name: String { "gelu" }
    public var attributes: [Attribute] { [Attribute("approximate", .boolean(isApproximate))] }

    public func resultTypes(_ operands: [TensorType]) throws -> [TensorType] {
        try TypeMismatch.requireCount(operands, 1)
        try TypeMismatch.require(
            operands[0].dtype.isFloat, "expected a float type, received \(operands[0].dtype)")
        return [operands[0]]
    }

    public func decompose(_ operands: [Value], in b: GraphBuilder) throws -> [Value] {
        let x = operands[0]
        let sigmoidal: Value
        if isApproximate {
            let cube = try b.multiply(x, b.multiply(x, x))
            let inner = try b.multiply(
                b.add(x, b.multiply(cube, 0.044715)), (2 / Double.pi).squareRoot())
            sigmoidal = try b.unary(.tanh, inner)
        } else {
            sigmoidal = try b.unary(.erf, b.multiply(x, 0.5.squareRoot()))
        }
        return [try b.multiply(b.multiply(x, 0.5), b.add(sigmoidal, 1))]
    }
}

/// `activation(x + bias)`, the bias repeated along the leading axes.
///
/// Operands: x, bias; the bias's shape is x's last axes.
public struct BiasActivation: CompositeOperation {
    public enum Activation: String, Hashable, Sendable, CaseIterable {
        case identity, relu, tanh, logistic, silu, gelu
        case geluApproximate = "gelu_approximate"

        /// Whether the slope follows from the result alone, so that x need not be kept.
        package var hasSlopeFromResult: Bool {
            switch self {
            case .identity, .relu, .tanh, .logistic: true
            case .silu, .gelu, .geluApproximate: false
            }
        }
    }

    public var activation: Activation

    public init(_ activation: Activation) { self.activation = activation }

    public init(reading attributes: inout AttributeReader) throws {
        self.init(try attributes.word("activation"))
    }

    public var name: String { "bias_activation" }
    public var attributes: [Attribute] { [Attribute("activation", .word(activation.rawValue))] }

    public func resultTypes(_ operands: [TensorType]) throws -> [TensorType] {
        try TypeMismatch.requireCount(operands, 2)
        let (x, bias) = (operands[0], operands[1])
        try TypeMismatch.require(
            x.dtype.isFloat, "expected a float type, received \(x.dtype)")
        let expected = bias.with(
            shape: Shape(Array(x.shape.dimensions.suffix(bias.rank)))
        ).with(dtype: x.dtype)
        try TypeMismatch.requireSame("bias", expected, bias)
        return [x]
    }

    public var gradient: GradientRule {
        .rule { context in
            let b = context.builder
            let (x, bias) = (context.operands[0], context.operands[1])
            var dx = try context.cotangent()
            if activation != .identity {
                let saved = activation.hasSlopeFromResult ? [context.results[0]] : [x, bias]
                dx = try b.append(
                    .biasActivationGradient(BiasActivationGradient(activation)), [dx] + saved)[0]
            }
            let leading = Array(0..<(b.type(of: x).rank - b.type(of: bias).rank))
            return [dx, try b.reduce(.sum, dx, axes: leading)]
        }
    }

    public func decompose(_ operands: [Value], in b: GraphBuilder) throws -> [Value] {
        [try b.activate(activation, b.addBias(operands[0], operands[1]))]
    }
}

/// `dx = dy · activation′`, from the activation's result or, where that does not tell the slope,
/// from x and bias.
///
/// Operands: dy, y — or dy, x, bias for silu and gelu.
public struct BiasActivationGradient: CompositeOperation {
    public var activation: BiasActivation.Activation

    public init(_ activation: BiasActivation.Activation) { self.activation = activation }

    public init(reading attributes: inout AttributeReader) throws {
        self.init(try attributes.word("activation"))
    }

    public var name: String { "bias_activation_gradient" }
    public var attributes: [Attribute] { [Attribute("activation", .word(activation.rawValue))] }

    public func resultTypes(_ operands: [TensorType]) throws -> [TensorType] {
        try TypeMismatch.requireCount(operands, activation.hasSlopeFromResult ? 2 : 3)
        try TypeMismatch.requireSame("cotangent", operands[1], operands[0])
        if !activation.hasSlopeFromResult {
            return try BiasActivation(activation).resultTypes([operands[1], operands[2]])
        }
        return [operands[0]]
    }

    public func decompose(_ operands: [Value], in b: GraphBuilder) throws -> [Value] {
        let dy = operands[0]
        switch activation {
        case .identity: return [dy]
        case .relu:
            let zero = try b.splat(0, b.type(of: dy))
            return [try b.select(b.compare(.gt, operands[1], zero), dy, zero)]
        case .tanh:
            let y = operands[1]
            return [try b.multiply(dy, b.subtract(1, b.multiply(y, y)))]
        case .logistic:
            let y = operands[1]
            return [try b.multiply(dy, b.multiply(y, b.subtract(1, y)))]
        case .silu:
            let u = try b.addBias(operands[1], operands[2])
            let sigmoid = try b.unary(.logistic, u)
            let slope = try b.add(
                sigmoid, b.multiply(b.multiply(u, sigmoid), b.subtract(1, sigmoid)))
            return [try b.multiply(dy, slope)]
        case .gelu:
            // d/du [u Φ(u)] = Φ(u) + u φ(u)
            let u = try b.addBias(operands[1], operands[2])
            let erf = try b.unary(.erf, b.multiply(u, 0.5.squareRoot()))
            let cumulative = try b.multiply(b.add(erf, 1), 0.5)
            let density = try b.multiply(
                b.unary(.exponential, b.multiply(b.multiply(u, u), -0.5)),
                1 / (2 * Double.pi).squareRoot())
            return [try b.multiply(dy, b.add(cumulative, b.multiply(u, density)))]
        case .geluApproximate:
            let u = try b.addBias(operands[1], operands[2])
            let square = try b.multiply(u, u)
            let factor = (2 / Double.pi).squareRoot()
            let inner = try b.multiply(
                b.multiply(u, b.add(b.multiply(square, 0.044715), 1)), factor)
            let tanh = try b.unary(.tanh, inner)
            let innerSlope = try b.multiply(b.add(b.multiply(square, 3 * 0.044715), 1), factor)
            let tail = try b.multiply(
                b.multiply(u, b.subtract(1, b.multiply(tanh, tanh))), innerSlope)
            return [try b.multiply(dy, b.multiply(b.add(b.add(tanh, 1), tail), 0.5))]
        }
    }
}

extension GraphBuilder {
    /// `x + bias`, the bias repeated along x's leading axes.
    package func addBias(_ x: Value, _ bias: Value) throws -> Value {
        let (shape, rank) = (type(of: x).shape, type(of: bias).rank)
        let axes = Array((shape.rank - rank)..<shape.rank)
        return try add(x, broadcastInDim(bias, shape, dimensions: axes))
    }

    /// An activation as primitives (gelu as its own composite).
    package func activate(_ activation: BiasActivation.Activation, _ x: Value) throws -> Value {
        switch activation {
        case .identity: x
        case .relu: try maximum(x, splat(0, type(of: x)))
        case .tanh: try unary(.tanh, x)
        case .logistic: try unary(.logistic, x)
        case .silu: try multiply(x, unary(.logistic, x))
        case .gelu: try append(.gelu(Gelu()), x)
        case .geluApproximate: try append(.gelu(Gelu(isApproximate: true)), x)
        }
    }
}
