/// A weight of a model: what it is called, its type, and how it starts.
public struct ParameterSpecification: Hashable, Sendable {
    /// The layer path and the weight's name: `transformer_block/attention/query/kernel`.
    public var name: String
    public var type: TensorType
    public var initializer: Initializer
    /// The numbers of inputs and outputs the initializer may scale by.
    public var fans: Fans
    /// False for a frozen weight, and for state that no gradient changes.
    public var isTrainable: Bool

    public init(
        name: String, type: TensorType, initializer: Initializer, fans: Fans, isTrainable: Bool
    ) {
        self.name = name
        self.type = type
        self.initializer = initializer
        self.fans = fans
        self.isTrainable = isTrainable
    }

    public var extents: [Int] { type.shape.fixed ?? [] }

    public var elementCount: Int { extents.reduce(1, *) }

    /// The initial values, row-major: a pure function of the seed and the name.
    public func initialValues(seed: UInt64) throws -> [Float] {
        try initializer.values(shape: extents, fans: fans, seed: seed, name: name)
    }
}
