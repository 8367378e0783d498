/// Sixteen random bits for each element, as i32 in 0..<65536, by `ElementRandom`'s rule.
///
/// Operands: the seed and the step, i64 scalars, and the row indices if `rows` has any. `stream` tells one op's numbers from another's,
/// so the backward pass gets the forward pass's bits by naming the same stream.
public struct RandomBits: PrimitiveOperation {
    public var shape: Shape
    public var stream: Int
    public var rows: RandomRows

    public init(shape: Shape, stream: Int, rows: RandomRows = .all) {
        self.shape = shape
        self.stream = stream
        self.rows = rows
    }

    public init(reading attributes: inout AttributeReader) throws {
        self.init(
            shape: try attributes.shape("shape"), stream: try attributes.integer("stream"),
            rows: try RandomRows(reading: &attributes))
    }

    public var name: String { "random_bits" }
    public var attributes: [Attribute] {
        [Attribute("shape", .shape(shape)), Attribute("stream", .integer(stream))]
            + rows.attributes
    }
    public var gradient: GradientRule { .zero }

    public func resultTypes(_ operands: [TensorType]) throws -> [TensorType] {
        try TypeMismatch.requireCount(operands, 2 + rows.operandCount)
        try Self.requireKey(operands[0], operands[1])
        try Self.requireStream(stream)
        try rows.requireValid()
        try rows.requireIndices(operands, of: shape)
        return [TensorType(.i32, shape)]
    }

    static func requireStream(_ stream: Int) throws {
        try TypeMismatch.require(stream >= 0, "stream \(stream) may not be negative")
    }

    static func requireKey(_ seed: TensorType, _ step: TensorType) throws {
        try TypeMismatch.requireSame("seed", TensorType(.i64, .scalar), seed)
        try TypeMismatch.requireSame("step", TensorType(.i64, .scalar), step)
    }

    public func evaluate(
        _ operands: [ReferenceTensor], resultTypes: [TensorType], extents: SymbolExtents
    ) throws -> [ReferenceTensor] {
        let shape = extents.shape(shape)
        let columns = shape.last ?? 1
        let random = ElementRandom(
            seed: UInt64(bitPattern: Int64(operands[0].elements[0])), stream: UInt64(stream),
            step: UInt64(bitPattern: Int64(operands[1].elements[0])), columns: columns)
        let count = shape.reduce(1, *)
        let stride = rows.stride.evaluated { extents($0) } ?? 1
        let elements = (0..<count).map { element in
            let own = element / columns
            let named = rows.isIndexed ? Int(max(0, operands[2].elements[own])) : own
            let row = RandomRows.row(named, stride: stride, offset: rows.offset)
            return Double(random.value16(row: row, column: element % columns))
        }
        return [ReferenceTensor(.i32, shape: shape, elements: elements)]
    }
}

/// Sets a share of the elements to zero and scales the others by `1 / (1 - rate)`.
///
/// Operands: x, seed, step, and the row indices if `rows` has any. An element is kept where its random bits are at least
/// `round(rate · 65536)`. Nothing is stored for the gradient: it is the same op on the cotangent.
public struct Dropout: CompositeOperation {
    public var rate: Double
    public var stream: Int
    public var rows: RandomRows

    public init(rate: Double, stream: Int, rows: RandomRows = .all) {
        self.rate = rate
        self.stream = stream
        self.rows = rows
    }

    public init(reading attributes: inout AttributeReader) throws {
        self.init(
            rate: try attributes.number("rate"), stream: try attributes.integer("stream"),
            rows: try RandomRows(reading: &attributes))
    }

    public var name: String { "dropout" }
    public var attributes: [Attribute] {
        [Attribute("rate", .number(rate)), Attribute("stream", .integer(stream))]
            + rows.attributes
    }

    public func resultTypes(_ operands: [TensorType]) throws -> [TensorType] {
        try TypeMismatch.requireCount(operands, 3 + rows.operandCount)
        try Self.requireRate(rate)
        try RandomBits.requireStream(stream)
        try rows.requireValid()
        try rows.requireIndices(operands, of: operands[0].shape)
        try RandomBits.requireKey(operands[1], operands[2])
        try TypeMismatch.require(
            operands[0].dtype.isFloat, "expected a float type, received \(operands[0].dtype)")
        return [operands[0]]
    }

    static func requireRate(_ rate: Double) throws {
        try TypeMismatch.require((0...1).contains(rate), "rate \(rate) is outside 0...1")
    }

    public var gradient: GradientRule {
        .rule { context in
            let dx = try context.builder.append(
                .dropout(self), [context.cotangent()] + context.operands.dropFirst())
            return dx + context.operands.dropFirst().map { _ in nil }
        }
    }

    public func decompose(_ operands: [Value], in b: GraphBuilder) throws -> [Value] {
        let type = b.type(of: operands[0])
        if rate >= 1 { return [try b.splat(0, type)] }
        let bits = try b.append(
            .randomBits(RandomBits(shape: type.shape, stream: stream, rows: rows)),
            Array(operands.dropFirst()))[0]
        let threshold = Double(ElementRandom.dropThreshold(rate: rate))
        let kept = try b.compare(.ge, bits, b.splat(threshold, b.type(of: bits)))
        let scaled = try b.multiply(operands[0], 1 / (1 - rate))
        return [try b.select(kept, scaled, b.splat(0, type))]
    }
}
