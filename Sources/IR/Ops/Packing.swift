/// Where the positions of a padded batch lie when the rows follow one another without padding.
///
/// Operand: source `[batch, sequence]`, of which an element that is not 0 stands for a real
/// position: a padding mask, or token ids where 0 is padding. A row keeps its positions up to the
/// last real one, so what lies between real ones is kept; a row without any keeps all, since
/// attention that sees no key may look at every one.
///
/// Results: indices i32`[tokens]`, for each position kept `row · sequence + position`, ascending;
/// and offsets i32`[batch + 1]`, the place of each row's first one and the number of all.
///
/// `shape` is `[tokens]`. Where that is a symbol, and the source an input, whoever runs the graph
/// counts the positions before the run (`PackedExtents`).
public struct PackIndices: PrimitiveOperation {
    public var shape: Shape

    public init(_ shape: Shape) { self.shape = shape }

    public init(reading attributes: inout AttributeReader) throws {
        self.init(try attributes.shape("shape"))
    }

    public var name: String { "pack_indices" }
    public var attributes: [Attribute] { [Attribute("shape", .shape(shape))] }
    public var gradient: GradientRule { .zero }

    public func resultTypes(_ operands: [TensorType]) throws -> [TensorType] {
        try TypeMismatch.requireCount(operands, 1)
        let source = operands[0]
        try TypeMismatch.require(
            source.rank == 2, "expected a source [batch, sequence], received \(source)")
        try TypeMismatch.require(
            shape.rank == 1, "shape: expected [tokens], received \(shape)")
        try source.requireSize()
        if shape[0].fixed == nil {
            let all = source.shape.elementCount
            try TypeMismatch.require(
                shape[0].bound == all.bound,
                "shape: \(shape[0]) is bounded by \(shape[0].bound ?? 0), but \(all) positions "
                    + "may be \(all.bound ?? 0)")
        }
        return [TensorType(.i32, shape), TensorType(.i32, [source.shape[0] + 1])]
    }

    /// How many positions a row keeps.
    package static func keptCount(of positions: Int, isReal: (_ position: Int) -> Bool) -> Int {
        var count = positions
        while count > 0, !isReal(count - 1) { count -= 1 }
        return count > 0 ? count : positions
    }

    public func evaluate(
        _ operands: [ReferenceTensor], resultTypes: [TensorType], extents: SymbolExtents
    ) throws -> [ReferenceTensor] {
        let source = operands[0]
        let (batch, sequence) = (source.shape[0], source.shape[1])
        var (indices, offsets) = ([Double](), [0.0])
        for first in (0..<batch).map({ $0 * sequence }) {
            let count = Self.keptCount(of: sequence) { source.elements[first + $0] != 0 }
            indices += (first..<(first + count)).map { Double($0) }
            offsets.append(Double(indices.count))
        }
        let expected = extents.shape(shape)
        guard expected == [indices.count] else {
            throw PackedCountMismatch(expected: expected.first ?? 0, count: indices.count)
        }
        return [
            ReferenceTensor(.i32, shape: expected, elements: indices),
            ReferenceTensor(.i32, shape: [batch + 1], elements: offsets),
        ]
    }
}

/// A batch keeps more or fewer positions than the symbol was said to be.
package struct PackedCountMismatch: Error, Hashable, CustomStringConvertible {
    package var expected: Int
    package var count: Int

    package init(expected: Int, count: Int) {
        self.expected = expected
        self.count = count
    }

    package var description: String {
        "the batch keeps \(count) positions, but the run was told of \(expected); "
            + "leave that extent out, so that it is counted"
    }
}

/// The positions of a padded tensor that `pack_indices` kept, one after another:
/// `result[t, r…] = x[indices[t] / sequence, indices[t] mod sequence, r…]`.
///
/// Operands: x `[batch, sequence, r…]`, indices (i32). `unpack_tokens` is its gradient.
public struct PackTokens: PrimitiveOperation {
    public init() {}

    public init(reading attributes: inout AttributeReader) throws { self.init() }

    public var name: String { "pack_tokens" }
    public var attributes: [Attribute] { [] }

    public func resultTypes(_ operands: [TensorType]) throws -> [TensorType] {
        try TypeMismatch.requireCount(operands, 2)
        let (x, indices) = (operands[0], operands[1])
        try TypeMismatch.require(
            x.rank >= 2, "expected x [batch, sequence, …], received \(x)")
        try Self.requireIndices(indices)
        return [
            x.with(shape: Shape(indices.shape.dimensions + x.shape.dimensions.dropFirst(2)))
        ]
    }

    static func requireIndices(_ indices: TensorType) throws {
        try TypeMismatch.require(
            indices.dtype == .i32 && indices.rank == 1,
            "indices: expected i32 of rank 1, received \(indices)")
    }

    public var gradient: GradientRule {
        .rule { context in
            let shape = Shape(Array(context.type(0).shape.dimensions.prefix(2)))
            let dx = try context.builder.append(
                .unpackTokens(UnpackTokens(shape)), context.cotangent(), context.operands[1])
            return [dx, nil]
        }
    }

    public func evaluate(
        _ operands: [ReferenceTensor], resultTypes: [TensorType], extents: SymbolExtents
    ) throws -> [ReferenceTensor] {
        let (x, indices) = (operands[0], operands[1])
        let width = x.shape.dropFirst(2).reduce(1, *)
        var elements: [Double] = []
        for (position, index) in indices.elements.enumerated() {
            let row = try checkedRow(
                index, position: position, rowCount: x.shape[0] * x.shape[1])
            elements += x.elements[(row * width)..<((row + 1) * width)]
        }
        return [
            ReferenceTensor(
                x.dtype, shape: indices.shape + x.shape.dropFirst(2), elements: elements)
        ]
    }
}

/// Packed positions back in their places, zeros in all others. `shape` is `[batch, sequence]`.
///
/// Operands: y `[tokens, r…]`, indices (i32). Result: `[batch, sequence, r…]`. Equal indices add
/// up. `pack_tokens` is its gradient.
public struct UnpackTokens: PrimitiveOperation {
    public var shape: Shape

    public init(_ shape: Shape) { self.shape = shape }

    public init(reading attributes: inout AttributeReader) throws {
        self.init(try attributes.shape("shape"))
    }

    public var name: String { "unpack_tokens" }
    public var attributes: [Attribute] { [Attribute("shape", .shape(shape))] }

    public func resultTypes(_ operands: [TensorType]) throws -> [TensorType] {
        try TypeMismatch.requireCount(operands, 2)
        let (y, indices) = (operands[0], operands[1])
        try TypeMismatch.require(
            shape.rank == 2, "shape: expected [batch, sequence], received \(shape)")
        try PackTokens.requireIndices(indices)
        try TypeMismatch.require(
            y.rank >= 1 && y.shape[0] == indices.shape[0],
            "expected y [\(indices.shape[0]), …], received \(y)")
        return [y.with(shape: Shape(shape.dimensions + y.shape.dimensions.dropFirst()))]
    }

    public var gradient: GradientRule {
        .rule { context in
            let dy = try context.builder.append(
                .packTokens(PackTokens()), context.cotangent(), context.operands[1])
            return [dy, nil]
        }
    }

    public func evaluate(
        _ operands: [ReferenceTensor], resultTypes: [TensorType], extents: SymbolExtents
    ) throws -> [ReferenceTensor] {
        let (y, indices) = (operands[0], operands[1])
        let width = y.shape.dropFirst().reduce(1, *)
        let shape = extents.shape(shape)
        var result = ReferenceTensor(y.dtype, shape: shape + y.shape.dropFirst())
        for (position, index) in indices.elements.enumerated() {
            let row = try checkedRow(
                index, position: position, rowCount: shape.reduce(1, *))
            for column in 0..<width {
                result.elements[row * width + column] += y.elements[position * width + column]
            }
        }
        return [result]
    }
}
