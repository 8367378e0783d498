/// Combines all elements along some axes, which vanish.
///
/// Over no elements: sum 0, product 1, max −∞ (or the least integer), min +∞, and true, or false.
public struct Reduce: PrimitiveOperation {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case sum, product, max, min, and, or
    }

    public var kind: Kind
    /// Rising axis numbers.
    public var axes: [Int]

    public init(_ kind: Kind, axes: [Int]) {
        self.kind = kind
        self.axes = axes
    }

    public init(reading attributes: inout AttributeReader) throws {
        self.init(try attributes.word("kind"), axes: try attributes.integers("axes"))
    }

    public var name: String { "reduce" }
    public var attributes: [Attribute] {
        [Attribute("kind", .word(kind.rawValue)), Attribute("axes", .integers(axes))]
    }

    public func resultTypes(_ operands: [TensorType]) throws -> [TensorType] {
        try TypeMismatch.requireCount(operands, 1)
        let operand = operands[0]
        for axis in axes { try TypeMismatch.requireAxis(axis, rank: operand.rank) }
        try TypeMismatch.require(
            zip(axes, axes.dropFirst()).allSatisfy { $0 < $1 }, "axes \(axes) must rise")
        let isLogical = kind == .and || kind == .or
        try TypeMismatch.require(
            isLogical == (operand.dtype == .bool), "\(kind.rawValue) of \(operand.dtype)")
        let kept = operand.shape.dimensions.indices.filter { !axes.contains($0) }
        return [operand.with(shape: Shape(kept.map { operand.shape[$0] }))]
    }

    public var gradient: GradientRule {
        switch kind {
        case .and, .or: .zero
        case .sum: .rule { [try spread($0, $0.cotangent())] }
        case .max, .min:
            .rule { context in
                // Ties share the gradient evenly, as JAX and TensorFlow do.
                let b = context.builder
                let extreme = try spread(context, context.results[0])
                let hits = try b.convert(
                    b.compare(.eq, context.operands[0], extreme), to: context.type(0).dtype)
                let count = try b.reduce(.sum, hits, axes: axes)
                let share = try b.divide(context.cotangent(), count)
                return [try b.multiply(hits, spread(context, share))]
            }
        case .product:
            .rule { context in
                let b = context.builder
                let dy = try b.multiply(context.cotangent(), context.results[0])
                return [try b.divide(spread(context, dy), context.operands[0])]
            }
        }
    }

    /// Repeats a reduced value along the reduced axes.
    private func spread(_ context: GradientContext, _ value: Value) throws -> Value {
        let shape = context.type(0).shape
        let kept = (0..<shape.rank).filter { !axes.contains($0) }
        return try context.builder.broadcastInDim(value, shape, dimensions: kept)
    }

    public func evaluate(
        _ operands: [ReferenceTensor], resultTypes: [TensorType], extents: SymbolExtents
    ) throws -> [ReferenceTensor] {
        let operand = operands[0]
        let kept = operand.shape.indices.filter { !axes.contains($0) }
        var result = ReferenceTensor(
            operand.dtype, shape: kept.map { operand.shape[$0] },
            repeating: identity(operand.dtype))
        forEachIndex(of: operand.shape) { index in
            let target = kept.map { index[$0] }
            result[target] = combine(result[target], operand[index])
        }
        return [result]
    }

    package func identity(_ dtype: DType) -> Double {
        switch kind {
        case .sum, .or: 0
        case .product, .and: 1
        case .max: dtype.integerRange?.lowerBound ?? -.infinity
        case .min: dtype.integerRange?.upperBound ?? .infinity
        }
    }

    private func combine(_ left: Double, _ right: Double) -> Double {
        switch kind {
        case .sum: left + right
        case .product: left * right
        case .max: left.isNaN || right.isNaN ? .nan : Swift.max(left, right)
        case .min: left.isNaN || right.isNaN ? .nan : Swift.min(left, right)
        case .and: left * right
        case .or: Swift.max(left, right)
        }
    }
}

/// The first index of the largest element along an axis, as i32. A NaN counts as largest.
public struct ArgMax: PrimitiveOperation {
    public var axis: Int

    public init(axis: Int) { self.axis = axis }

    public init(reading attributes: inout AttributeReader) throws {
        self.init(axis: try attributes.integer("axis"))
    }

    public var name: String { "arg_max" }
    public var attributes: [Attribute] { [Attribute("axis", .integer(axis))] }
    public var gradient: GradientRule { .zero }

    public func resultTypes(_ operands: [TensorType]) throws -> [TensorType] {
        try TypeMismatch.requireCount(operands, 1)
        try TypeMismatch.requireAxis(axis, rank: operands[0].rank)
        try TypeMismatch.require(
            operands[0].shape[axis] != 0, "axis \(axis) has no elements to choose from")
        var shape = operands[0].shape
        shape.dimensions.remove(at: axis)
        return [TensorType(.i32, shape)]
    }

    public func evaluate(
        _ operands: [ReferenceTensor], resultTypes: [TensorType], extents: SymbolExtents
    ) throws -> [ReferenceTensor] {
        let operand = operands[0]
        return [
            .generate(.i32, shape: extents.shape(resultTypes[0].shape)) { index in
                var best = 0
                var position = index
                position.insert(0, at: axis)
                var largest = operand[position]
                for candidate in 1..<max(operand.shape[axis], 1) {
                    position[axis] = candidate
                    let element = operand[position]
                    if !largest.isNaN && (element > largest || element.isNaN) {
                        (best, largest) = (candidate, element)
                    }
                }
                return Double(best)
            }
        ]
    }
}
