/// What every op states about itself, on one page per family: attributes, shape rule, gradient
/// rule, and either a naive reference kernel (`PrimitiveOperation`) or a decomposition
/// (`CompositeOperation`).
public protocol Operation: Hashable, Sendable {
    /// The name in the textual IR, StableHLO's where it has one.
    var name: String { get }
    /// The attributes as the textual IR prints them, in a fixed order.
    var attributes: [Attribute] { get }
    /// The op from its attributes in the textual IR: what `attributes` prints, read back.
    ///
    /// - Throws: a description of an attribute that is missing or of the wrong kind.
    init(reading attributes: inout AttributeReader) throws
    /// The shape rule.
    ///
    /// - Throws: a description of what does not fit; the builder adds op, layer and operands.
    func resultTypes(_ operands: [TensorType]) throws -> [TensorType]
    /// How to differentiate through the op.
    var gradient: GradientRule { get }
}

/// How the differentiation pass treats an op.
public enum GradientRule {
    /// No gradient flows (integers, comparisons, random bits, leaves).
    case zero
    /// Replace the composite by its decomposition and differentiate that.
    case expand
    /// Cotangents of the operands from cotangents of the results; nil for one means zero, nil for
    /// all means `.expand`.
    case rule((GradientContext) throws -> [Value?]?)
}

/// What a gradient rule works with.
public struct GradientContext {
    public let builder: GraphBuilder
    public let operands: [Value]
    public let results: [Value]
    /// One per result; nil where no gradient reaches that result.
    public let cotangents: [Value?]

    public init(
        builder: GraphBuilder, operands: [Value], results: [Value], cotangents: [Value?]
    ) {
        self.builder = builder
        self.operands = operands
        self.results = results
        self.cotangents = cotangents
    }

    /// The cotangent of one result, zeros where none reaches it.
    public func cotangent(_ result: Int = 0) throws -> Value {
        if let value = cotangents[result] { return value }
        let type = builder.type(of: results[result])
        return try builder.splat(0, type)
    }

    public func type(_ operand: Int) -> TensorType { builder.type(of: operands[operand]) }
}

/// An op whose meaning is a naive loop.
public protocol PrimitiveOperation: Operation {
    /// The reference kernel: slow, obvious, in Double. It stays naive for ever.
    func evaluate(
        _ operands: [ReferenceTensor], resultTypes: [TensorType], extents: SymbolExtents
    ) throws -> [ReferenceTensor]
}

/// An op whose meaning is a graph of primitives (or of smaller composites).
public protocol CompositeOperation: Operation {
    /// Appends the meaning of the op and returns one value per result.
    func decompose(_ operands: [Value], in builder: GraphBuilder) throws -> [Value]
}

extension CompositeOperation {
    public var gradient: GradientRule { .expand }
}
