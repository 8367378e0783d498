/// Rows of a parameter table by token id: `result[i…, :] = table[ids[i…], :]`.
///
/// Operands: table `[rows, width]`, ids (integer). An id outside the table is an error.
public struct EmbeddingLookup: CompositeOperation {
    public init() {}

    public init(reading attributes: inout AttributeReader) throws {
        self.init()
    }

    public var name: String { "embedding" }
    public var attributes: [Attribute] { [] }

    public func resultTypes(_ operands: [TensorType]) throws -> [TensorType] {
        try TypeMismatch.requireCount(operands, 2)
        try TypeMismatch.require(
            operands[0].rank == 2, "the table must have rank 2, received \(operands[0])")
        return try Gather().resultTypes(operands)
    }

    public var gradient: GradientRule {
        .rule { context in
            guard let rowCount = context.type(0).shape[0].fixed else { return nil }
            let gradient = try context.builder.append(
                .embeddingGradient(EmbeddingGradient(rowCount: rowCount)),
                [context.operands[1], context.cotangent()])
            return [gradient[0], nil]
        }
    }

    public func decompose(_ operands: [Value], in b: GraphBuilder) throws -> [Value] {
        [try b.gather(operands[0], operands[1])]
    }
}

/// The table's gradient: each cotangent row added to its token's row, zeros elsewhere.
///
/// Operands: ids, cotangent `[ids…, width]`.
public struct EmbeddingGradient: CompositeOperation {
    public var rowCount: Int

    public init(rowCount: Int) { self.rowCount = rowCount }

    public init(reading attributes: inout AttributeReader) throws {
        self.init(rowCount: try attributes.integer("rows"))
    }

    public var name: String { "embedding_gradient" }
    public var attributes: [Attribute] { [Attribute("rows", .integer(rowCount))] }

    public func resultTypes(_ operands: [TensorType]) throws -> [TensorType] {
        try TypeMismatch.requireCount(operands, 2)
        try TypeMismatch.require(rowCount >= 0, "rows \(rowCount) may not be negative")
        let (ids, dy) = (operands[0], operands[1])
        guard dy.rank >= 1 else { throw TypeMismatch("the cotangent must have a width") }
        let table = TensorType(dy.dtype, [Dimension(rowCount), dy.shape[dy.rank - 1]])
        let expected = try Gather().resultTypes([table, ids])[0]
        try TypeMismatch.requireSame("cotangent", expected, dy)
        return [table]
    }

    public func decompose(_ operands: [Value], in b: GraphBuilder) throws -> [Value] {
        let dy = b.type(of: operands[1])
        let zeros = try b.splat(
            0, TensorType(dy.dtype, [Dimension(rowCount), dy.shape[dy.rank - 1]]))
        return [try b.scatterAdd(zeros, operands[0], operands[1])]
    }
}
