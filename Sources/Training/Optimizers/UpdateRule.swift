import MartletIR

/// The formula by which an optimizer moves one parameter, written as IR.
public protocol UpdateRule: Sendable {
    var name: String { get }
    /// The state kept for each parameter, of the parameter's type.
    var slots: [UpdateSlot] { get }
    /// The scalars that depend on the number of the update only, made once for all parameters.
    ///
    /// - Parameter updateCount: the number of this update, counted from 1, as a float scalar.
    func shared(updateCount: Value, in builder: GraphBuilder) throws -> [Value]

    /// Appends the update of one parameter.
    func update(_ operands: UpdateOperands, in builder: GraphBuilder) throws -> UpdateResults

    /// - Throws: `OptimizerError` for an argument that makes no sense.
    func validate() throws
}

/// A kind of state a rule keeps for each parameter.
public struct UpdateSlot: Hashable, Sendable {
    public var name: String
    public var initialValue: Double

    public init(_ name: String, initialValue: Double = 0) {
        self.name = name
        self.initialValue = initialValue
    }
}

public struct UpdateOperands {
    public var parameter: Value
    /// Of the parameter's type, clipped already but for `gradientScale`.
    public var gradient: Value
    /// A scalar by which the gradient is yet to be multiplied; nil for none.
    public var gradientScale: Value?
    /// In the order of the rule's `slots`.
    public var slots: [Value]
    /// A scalar, the parameter's multiplier applied.
    public var learningRate: Value
    /// Learning rate times weight decay, a scalar; nil where the parameter does not decay.
    public var decay: Value?
    /// What `shared` made.
    public var shared: [Value]

    /// The gradient as the parameter is to be moved by it.
    public func scaledGradient(in builder: GraphBuilder) throws -> Value {
        guard let gradientScale else { return gradient }
        return try builder.multiply(gradient, builder.repeated(gradientScale, like: gradient))
    }
}

public struct UpdateResults {
    public var parameter: Value
    public var slots: [Value]

    public init(parameter: Value, slots: [Value]) {
        self.parameter = parameter
        self.slots = slots
    }
}
