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

extension GraphBuilder {
    /// What is left of a weight after its decay, if it has one.
    func decayed(_ weight: Value, by decay: Value?) throws -> Value {
        guard let decay else { return weight }
        return try subtract(weight, multiply(weight, repeated(decay, like: weight)))
    }
}
