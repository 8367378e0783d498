/// One step of stochastic gradient descent, as Keras's `SGD`:
///
///     w ← w - decay · w                              (if decayed)
///     v ← momentum · v - learningRate · g            (if momentum > 0)
///     w ← w + v,  or  w + momentum · v - learningRate · g  with Nesterov's look-ahead
///     w ← w - learningRate · g                       (without momentum)
///
/// Operands: w, g, learningRate (scalar), v if momentum > 0, decay (scalar, weight decay times
/// learning rate) if decayed. Results: w, and v if momentum > 0.
public struct SGDUpdate: CompositeOperation {
    public var momentum: Double
    public var isNesterov: Bool
    public var hasDecay: Bool

    public init(momentum: Double = 0, isNesterov: Bool = false, hasDecay: Bool = false) {
        self.momentum = momentum
        self.isNesterov = isNesterov
        self.hasDecay = hasDecay
    }

    public init(reading attributes: inout AttributeReader) throws {
        self.init(
            momentum: try attributes.number("momentum", default: 0),
            isNesterov: try attributes.boolean("nesterov", default: false),
            hasDecay: try attributes.boolean("decay", default: false))
    }

    public var name: String { "sgd_update" }
    public var attributes: [Attribute] {
        [
            Attribute("momentum", .number(momentum)), Attribute("nesterov", .boolean(isNesterov)),
            Attribute("decay", .boolean(hasDecay)),
        ]
    }
    public var gradient: GradientRule { .zero }

    public func resultTypes(_ operands: [TensorType]) throws -> [TensorType] {
        let hasVelocity = momentum > 0
        try TypeMismatch.requireCount(operands, 3 + (hasVelocity ? 1 : 0) + (hasDecay ? 1 : 0))
        let scalar = operands[0].with(shape: .scalar)
        try TypeMismatch.requireSame("gradient", operands[0], operands[1])
        try TypeMismatch.requireSame("learning rate", scalar, operands[2])
        if hasVelocity { try TypeMismatch.requireSame("velocity", operands[0], operands[3]) }
        if hasDecay {
            try TypeMismatch.requireSame("decay", scalar, operands[operands.count - 1])
        }
        return hasVelocity ? [operands[0], operands[0]] : [operands[0]]
    }

    public func decompose(_ operands: [Value], in b: GraphBuilder) throws -> [Value] {
        let weight = try b.decayed(operands[0], by: hasDecay ? operands.last : nil)
        let move = try b.multiply(operands[1], b.repeated(operands[2], like: weight))
        guard momentum > 0 else { return [try b.subtract(weight, move)] }
        let velocity = try b.subtract(b.multiply(operands[3], momentum), move)
        let step = isNesterov ? try b.subtract(b.multiply(velocity, momentum), move) : velocity
        return [try b.add(weight, step), velocity]
    }
}

/// One step of Adam (Kingma and Ba, 2015, arXiv 1412.6980), with decoupled weight decay
/// (Loshchilov and Hutter, 2019, arXiv 1711.05101):
///
///     w ← w - decay · w                              (if decayed)
///     m ← m + (g - m) · (1 - beta1)
///     v ← v + (g² - v) · (1 - beta2)
///     w ← w - stepSize · m / (√v + epsilon)
///
/// The bias corrections are in the two scalars, so one op serves Keras
/// (`stepSize = lr·√(1-beta2ᵗ)/(1-beta1ᵗ)`, constant epsilon) and PyTorch (the same stepSize,
/// `epsilon·√(1-beta2ᵗ)`).
///
/// Operands: w, g, m, v, stepSize, epsilon, and decay if decayed (all three scalars).
/// Results: w, m, v.
public struct AdamUpdate: CompositeOperation {
    public var beta1: Double
    public var beta2: Double
    public var hasDecay: Bool

    public init(beta1: Double, beta2: Double, hasDecay: Bool = false) {
        self.beta1 = beta1
        self.beta2 = beta2
        self.hasDecay = hasDecay
    }

    public init(reading attributes: inout AttributeReader) throws {
        self.init(
            beta1: try attributes.number("beta1"), beta2: try attributes.number("beta2"),
            hasDecay: try attributes.boolean("decay", default: false))
    }

    public var name: String { "adam_update" }
    public var attributes: [Attribute] {
        [
            Attribute("beta1", .number(beta1)), Attribute("beta2", .number(beta2)),
            Attribute("decay", .boolean(hasDecay)),
        ]
    }
    public var gradient: GradientRule { .zero }

    public func resultTypes(_ operands: [TensorType]) throws -> [TensorType] {
        try TypeMismatch.requireCount(operands, hasDecay ? 7 : 6)
        let scalar = operands[0].with(shape: .scalar)
        for (index, label) in [(1, "gradient"), (2, "first moment"), (3, "second moment")] {
            try TypeMismatch.requireSame(label, operands[0], operands[index])
        }
        for (index, label) in [(4, "step size"), (5, "epsilon"), (6, "decay")]
        where index < operands.count {
            try TypeMismatch.requireSame(label, scalar, operands[index])
        }
        return [operands[0], operands[0], operands[0]]
    }

    public func decompose(_ operands: [Value], in b: GraphBuilder) throws -> [Value] {
        let weight = try b.decayed(operands[0], by: hasDecay ? operands[6] : nil)
        let (g, m, v) = (operands[1], operands[2], operands[3])
        let newM = try b.add(m, b.multiply(b.subtract(g, m), 1 - beta1))
        let newV = try b.add(v, b.multiply(b.subtract(b.multiply(g, g), v), 1 - beta2))
        let root = try b.add(b.unary(.sqrt, newV), b.repeated(operands[5], like: weight))
        let move = try b.divide(b.multiply(newM, b.repeated(operands[4], like: weight)), root)
        return [try b.subtract(weight, move), newM, newV]
    }
}

extension GraphBuilder {
    /// A scalar repeated to another value's shape.
    package func repeated(_ scalar: Value, like x: Value) throws -> Value {
        try broadcastInDim(scalar, type(of: x).shape, dimensions: [])
    }

    fileprivate func decayed(_ weight: Value, by decay: Value?) throws -> Value {
        guard let decay else { return weight }
        return try subtract(weight, multiply(weight, repeated(decay, like: weight)))
    }
}
