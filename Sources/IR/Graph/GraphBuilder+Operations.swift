/// Ops by name, so that layers, gradient rules and decompositions read as formulas.
///
/// Nothing is broadcast silently: a scalar literal is repeated to the other operand's type, and
/// everything else must have the same type already.
extension GraphBuilder {
    // MARK: Constants

    public func constant(_ literal: Literal) throws -> Value {
        try append(.constant(Constant(literal)))
    }

    public func constant(_ value: Double, _ dtype: DType = .f32) throws -> Value {
        try constant(Literal(value, dtype))
    }

    /// A tensor whose elements all equal `value`.
    public func splat(_ value: Double, _ type: TensorType) throws -> Value {
        let scalar = try constant(value, type.dtype)
        return type.rank == 0 ? scalar : try broadcastInDim(scalar, type.shape, dimensions: [])
    }

    // MARK: Elementwise

    public func unary(_ kind: Unary.Kind, _ x: Value) throws -> Value {
        try append(.unary(Unary(kind)), x)
    }

    public func binary(_ kind: Binary.Kind, _ x: Value, _ y: Value) throws -> Value {
        try append(.binary(Binary(kind)), x, y)
    }

    public func negate(_ x: Value) throws -> Value { try unary(.negate, x) }
    public func add(_ x: Value, _ y: Value) throws -> Value { try binary(.add, x, y) }
    public func subtract(_ x: Value, _ y: Value) throws -> Value { try binary(.subtract, x, y) }
    public func multiply(_ x: Value, _ y: Value) throws -> Value { try binary(.multiply, x, y) }
    public func divide(_ x: Value, _ y: Value) throws -> Value { try binary(.divide, x, y) }
    public func maximum(_ x: Value, _ y: Value) throws -> Value { try binary(.maximum, x, y) }
    public func minimum(_ x: Value, _ y: Value) throws -> Value { try binary(.minimum, x, y) }
    public func power(_ x: Value, _ y: Value) throws -> Value { try binary(.power, x, y) }

    public func add(_ x: Value, _ y: Double) throws -> Value {
        try add(x, splat(y, type(of: x)))
    }

    public func subtract(_ x: Double, _ y: Value) throws -> Value {
        try subtract(splat(x, type(of: y)), y)
    }

    public func multiply(_ x: Value, _ y: Double) throws -> Value {
        try multiply(x, splat(y, type(of: x)))
    }

    public func divide(_ x: Value, _ y: Double) throws -> Value {
        try divide(x, splat(y, type(of: x)))
    }

    public func compare(_ direction: Compare.Direction, _ x: Value, _ y: Value) throws -> Value {
        try append(.compare(Compare(direction)), x, y)
    }

    public func select(_ condition: Value, _ x: Value, _ y: Value) throws -> Value {
        try append(.select(Select()), condition, x, y)
    }

    /// The value itself where it already has the element type.
    public func convert(_ x: Value, to dtype: DType) throws -> Value {
        type(of: x).dtype == dtype ? x : try append(.convert(Convert(to: dtype)), x)
    }

    // MARK: Movement

    /// The value itself where it already has the shape.
    public func broadcastInDim(
        _ x: Value, _ shape: Shape, dimensions: [Int]
    ) throws -> Value {
        if type(of: x).shape == shape, dimensions == Array(0..<shape.rank) { return x }
        return try append(.broadcastInDim(BroadcastInDim(shape: shape, dimensions: dimensions)), x)
    }

    /// A scalar repeated to another value's shape.
    package func repeated(_ scalar: Value, like x: Value) throws -> Value {
        try broadcastInDim(scalar, type(of: x).shape, dimensions: [])
    }

    /// The value itself where it already has the shape.
    public func reshape(_ x: Value, _ shape: Shape) throws -> Value {
        type(of: x).shape == shape ? x : try append(.reshape(Reshape(shape)), x)
    }

    /// The value itself where nothing moves.
    public func transpose(_ x: Value, _ permutation: [Int]) throws -> Value {
        if permutation == Array(0..<type(of: x).rank) { return x }
        return try append(.transpose(Transpose(permutation)), x)
    }

    public func slice(
        _ x: Value, starts: [Int], limits: Shape, strides: [Int]? = nil
    ) throws -> Value {
        try append(.slice(Slice(starts: starts, limits: limits, strides: strides)), x)
    }

    /// Pads with zeros.
    public func pad(_ x: Value, low: [Int], high: [Int], interior: [Int]? = nil) throws -> Value {
        let zero = try constant(0, type(of: x).dtype)
        return try append(.pad(Pad(low: low, high: high, interior: interior)), x, zero)
    }

    public func concatenate(_ values: [Value], axis: Int) throws -> Value {
        try append(.concatenate(Concatenate(axis: axis)), values)[0]
    }

    public func gather(_ table: Value, _ indices: Value) throws -> Value {
        try append(.gather(Gather()), table, indices)
    }

    public func scatterAdd(_ table: Value, _ indices: Value, _ updates: Value) throws -> Value {
        try append(.scatterAdd(ScatterAdd()), table, indices, updates)
    }

    // MARK: Contractions and reductions

    public func dotGeneral(
        _ left: Value, _ right: Value, leftBatch: [Int] = [], rightBatch: [Int] = [],
        leftContracting: [Int], rightContracting: [Int],
        operandPrecision: DotGeneral.OperandPrecision = .full
    ) throws -> Value {
        let op = DotGeneral(
            leftBatch: leftBatch, rightBatch: rightBatch, leftContracting: leftContracting,
            rightContracting: rightContracting, operandPrecision: operandPrecision)
        return try append(.dotGeneral(op), left, right)
    }

    /// The value itself where there is no axis to reduce.
    public func reduce(_ kind: Reduce.Kind, _ x: Value, axes: [Int]) throws -> Value {
        axes.isEmpty ? x : try append(.reduce(Reduce(kind, axes: axes)), x)
    }

    /// Reduces some axes and repeats the result along them, ready to meet `x` elementwise.
    public func reduceKeepingAxes(
        _ kind: Reduce.Kind, _ x: Value, axes: [Int]
    ) throws -> Value {
        let shape = type(of: x).shape
        let kept = (0..<shape.rank).filter { !axes.contains($0) }
        return try broadcastInDim(reduce(kind, x, axes: axes), shape, dimensions: kept)
    }

    /// The number of elements along some axes, as a scalar of the same float type.
    ///
    /// Known when the graph is built, or read from the symbols at each step.
    public func elementCount(_ x: Value, axes: [Int]) throws -> Value {
        let (shape, dtype) = (type(of: x).shape, type(of: x).dtype)
        let counted = Shape(axes.map { shape[$0] })
        if let extents = counted.fixed {
            return try constant(Double(extents.reduce(1, *)), dtype)
        }
        return try append(.dimensionSize(DimensionSize(counted, dtype)))
    }

    /// The mean over some axes, which vanish.
    public func mean(_ x: Value, axes: [Int]) throws -> Value {
        let sum = try reduce(.sum, x, axes: axes)
        let count = try elementCount(x, axes: axes)
        return try divide(sum, broadcastInDim(count, type(of: sum).shape, dimensions: []))
    }
}
