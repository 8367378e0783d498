/// Which rows of a larger tensor a tensor's rows are, where random numbers were numbered for the
/// larger one: row r is that tensor's row `stride · r + offset`.
///
/// A row is one along the last axis, as `ElementRandom` counts them. A dropout of
/// `[batch, length, width]` of which only position 2 is read becomes one of `[batch, 1, width]`
/// with stride `length` and offset 2, and drops the same elements. In the text
/// `row_stride = [length], row_offset = 2`, left out where the rows are the tensor's own.
///
/// Or the rows are any: those that a further operand, i32`[rows]`, names (`row_indices = true`). So a
/// packed tensor drops the elements of the padded one.
public struct RandomRows: Hashable, Sendable {
    public var stride: Dimension
    public var offset: Int
    /// Whether an operand names the rows, which must not be negative.
    public private(set) var isIndexed = false

    public init(stride: Dimension, offset: Int) {
        self.stride = stride
        self.offset = offset
    }

    /// The tensor's own rows.
    public static let all = RandomRows(stride: 1, offset: 0)

    /// Rows that an operand names.
    public static let indexed: RandomRows = {
        var rows = RandomRows.all
        rows.isIndexed = true
        return rows
    }()

    /// Far beyond any row, and small enough that products with one stay within an `Int`.
    private static let limit = 1 << 40

    init(reading attributes: inout AttributeReader) throws {
        let stride = try attributes.shapeIfPresent("row_stride") ?? [1]
        try TypeMismatch.require(
            stride.rank == 1, "row_stride \(stride) must be one extent, such as [128]")
        self.init(stride: stride[0], offset: try attributes.integer("row_offset", default: 0))
        isIndexed = try attributes.boolean("row_indices", default: false)
    }

    /// Left out where they say nothing.
    var attributes: [Attribute] {
        if isIndexed { return [Attribute("row_indices", .boolean(true))] }
        return self == .all
            ? []
            : [
                Attribute("row_stride", .shape([stride])),
                Attribute("row_offset", .integer(offset)),
            ]
    }

    func requireValid() throws {
        try TypeMismatch.require(
            stride.isSize && (stride.bound ?? .max) <= Self.limit,
            "row_stride [\(stride)] is no size, or above 2⁴⁰")
        try TypeMismatch.require(
            !isIndexed || stride == 1 && offset == 0,
            "row_indices name the rows; leave out row_stride and row_offset")
        try TypeMismatch.require(
            (0...Self.limit).contains(offset), "row_offset \(offset) is outside 0...2⁴⁰")
    }

    /// How many operands name rows.
    var operandCount: Int { isIndexed ? 1 : 0 }

    /// That the last operand names the rows of a shape, if an operand does.
    func requireIndices(_ operands: [TensorType], of shape: Shape) throws {
        guard isIndexed, let indices = operands.last else { return }
        let rows = shape.dimensions.dropLast().reduce(Dimension(1), *)
        try TypeMismatch.requireSame("row indices", TensorType(.i32, [rows]), indices)
    }

    /// The row of the larger tensor, for the stride's actual extent.
    package static func row(_ row: Int, stride: Int, offset: Int) -> Int {
        row &* stride &+ offset
    }
}
