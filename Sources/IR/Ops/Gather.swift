/// Rows of a table: `result[i…, r…] = operand0[operand1[i…], r…]` (axis 0 of the table).
///
/// An index outside the table is an error, never a read elsewhere.
public struct Gather: PrimitiveOperation {
    public init() {}

    public init(reading attributes: inout AttributeReader) throws {
        self.init()
    }

    public var name: String { "gather" }
    public var attributes: [Attribute] { [] }

    public func resultTypes(_ operands: [TensorType]) throws -> [TensorType] {
        try TypeMismatch.requireCount(operands, 2)
        let (table, indices) = (operands[0], operands[1])
        try TypeMismatch.require(table.rank >= 1, "the table must have an axis to index")
        try TypeMismatch.require(
            table.shape[0].fixed != nil, "the table's extent \(table.shape[0]) must be fixed")
        try TypeMismatch.require(
            indices.dtype.isInteger, "indices: expected an integer type, received \(indices.dtype)")
        return [
            table.with(
                shape: Shape(indices.shape.dimensions + table.shape.dimensions.dropFirst()))
        ]
    }

    public var gradient: GradientRule {
        .rule { context in
            let b = context.builder
            let zeros = try b.splat(0, context.type(0))
            return [try b.scatterAdd(zeros, context.operands[1], context.cotangent()), nil]
        }
    }

    public func evaluate(
        _ operands: [ReferenceTensor], resultTypes: [TensorType], extents: SymbolExtents
    ) throws -> [ReferenceTensor] {
        let (table, indices) = (operands[0], operands[1])
        let rowSize = table.shape.dropFirst().reduce(1, *)
        var elements: [Double] = []
        for (position, index) in indices.elements.enumerated() {
            let row = try checkedRow(index, position: position, rowCount: table.shape[0])
            elements += table.elements[(row * rowSize)..<((row + 1) * rowSize)]
        }
        return [
            ReferenceTensor(
                table.dtype, shape: indices.shape + table.shape.dropFirst(), elements: elements)
        ]
    }
}

/// Adds rows into a table: for every i…, `result[operand1[i…]] += operand2[i…]`, starting from
/// operand0. Equal indices add up, in order.
public struct ScatterAdd: PrimitiveOperation {
    public init() {}

    public init(reading attributes: inout AttributeReader) throws {
        self.init()
    }

    public var name: String { "scatter_add" }
    public var attributes: [Attribute] { [] }

    public func resultTypes(_ operands: [TensorType]) throws -> [TensorType] {
        try TypeMismatch.requireCount(operands, 3)
        let expected = try Gather().resultTypes([operands[0], operands[1]])[0]
        try TypeMismatch.requireSame("updates", expected, operands[2])
        return [operands[0]]
    }

    public var gradient: GradientRule {
        .rule { context in
            let dy = try context.cotangent()
            return [dy, nil, try context.builder.gather(dy, context.operands[1])]
        }
    }

    public func evaluate(
        _ operands: [ReferenceTensor], resultTypes: [TensorType], extents: SymbolExtents
    ) throws -> [ReferenceTensor] {
        var result = operands[0]
        let rowSize = result.shape.dropFirst().reduce(1, *)
        for (position, index) in operands[1].elements.enumerated() {
            let row = try checkedRow(index, position: position, rowCount: result.shape[0])
            for column in 0..<rowSize {
                result.elements[row * rowSize + column] +=
                    operands[2].elements[position * rowSize + column]
            }
        }
        return [result]
    }
}

func checkedRow(_ index: Double, position: Int, rowCount: Int) throws -> Int {
    guard index >= 0, index < Double(rowCount) else {
        let index = Int(exactly: index) ?? (index > 0 ? .max : .min)
        throw IndexOutOfRange(index: index, position: position, rowCount: rowCount)
    }
    return Int(index)
}

/// A gather met an index outside its table; the executor that knows the layer adds its path.
public struct IndexOutOfRange: Error, Hashable, CustomStringConvertible {
    public var index: Int
    /// Row-major position among the indices.
    public var position: Int
    public var rowCount: Int

    public init(index: Int, position: Int, rowCount: Int) {
        self.index = index
        self.position = position
        self.rowCount = rowCount
    }

    public var description: String {
        "index \(index) at position \(position) is outside the table's rows 0..<\(rowCount); "
            + "check that the ids were made with the vocabulary the model was built for"
    }
}
