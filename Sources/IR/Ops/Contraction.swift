/// The general contraction: batch axes are paired, contracting axes are multiplied and summed.
///
/// Result axes: the batch axes, then the left operand's free axes, then the right operand's.
///
/// With a lower operand precision both operands are rounded first, and products and sums are those
/// of the element type, as in StableHLO's dot algorithm with `lhs_precision_type = bf16` and
/// `accumulation_type = f32`.
public struct DotGeneral: PrimitiveOperation {
    /// What operands are rounded to before they are multiplied.
    public enum OperandPrecision: String, Hashable, Sendable, CaseIterable {
        /// As they are.
        case full
        /// The nearest bfloat16, ties to even; for f32 operands only.
        case bf16

        /// Left out where it says nothing.
        var attributes: [Attribute] {
            self == .full ? [] : [Attribute("operand_precision", .word(rawValue))]
        }

        func requireUsable(for dtype: DType) throws {
            try TypeMismatch.require(
                self == .full || dtype == .f32,
                "operand precision \(rawValue) needs f32 operands, not \(dtype)")
        }
    }

    public var leftBatch: [Int]
    public var rightBatch: [Int]
    public var leftContracting: [Int]
    public var rightContracting: [Int]
    public var operandPrecision: OperandPrecision

    public init(
        leftBatch: [Int] = [], rightBatch: [Int] = [], leftContracting: [Int],
        rightContracting: [Int], operandPrecision: OperandPrecision = .full
    ) {
        self.operandPrecision = operandPrecision
        self.leftBatch = leftBatch
        self.rightBatch = rightBatch
        self.leftContracting = leftContracting
        self.rightContracting = rightContracting
    }

    public init(reading attributes: inout AttributeReader) throws {
        self.init(
            leftBatch: try attributes.integersIfPresent("left_batch") ?? [],
            rightBatch: try attributes.integersIfPresent("right_batch") ?? [],
            leftContracting: try attributes.integers("left_contracting"),
            rightContracting: try attributes.integers("right_contracting"),
            operandPrecision: try attributes.word("operand_precision", default: .full))
    }

    public var name: String { "dot_general" }
    public var attributes: [Attribute] {
        [
            Attribute("left_batch", .integers(leftBatch)),
            Attribute("right_batch", .integers(rightBatch)),
            Attribute("left_contracting", .integers(leftContracting)),
            Attribute("right_contracting", .integers(rightContracting)),
        ] + operandPrecision.attributes
    }

    package func leftFree(rank: Int) -> [Int] {
        (0..<rank).filter { !leftBatch.contains($0) && !leftContracting.contains($0) }
    }

    package func rightFree(rank: Int) -> [Int] {
        (0..<rank).filter { !rightBatch.contains($0) && !rightContracting.contains($0) }
    }

    public func resultTypes(_ operands: [TensorType]) throws -> [TensorType] {
        try TypeMismatch.requireCount(operands, 2)
        let (left, right) = (operands[0], operands[1])
        try TypeMismatch.require(
            left.dtype == right.dtype, "element types differ: \(left.dtype) and \(right.dtype)")
        try operandPrecision.requireUsable(for: left.dtype)
        try Self.requireDistinct(leftBatch + leftContracting, rank: left.rank, "left")
        try Self.requireDistinct(rightBatch + rightContracting, rank: right.rank, "right")
        try Self.requirePaired(leftBatch, rightBatch, left.shape, right.shape, "batch")
        try Self.requirePaired(
            leftContracting, rightContracting, left.shape, right.shape, "contracting")
        let dimensions =
            leftBatch.map { left.shape[$0] }
            + leftFree(rank: left.rank).map { left.shape[$0] }
            + rightFree(rank: right.rank).map { right.shape[$0] }
        return [left.with(shape: Shape(dimensions))]
    }

    private static func requireDistinct(_ axes: [Int], rank: Int, _ side: String) throws {
        for axis in axes { try TypeMismatch.requireAxis(axis, rank: rank) }
        try TypeMismatch.require(
            Set(axes).count == axes.count, "the \(side) operand names an axis twice: \(axes)")
    }

    private static func requirePaired(
        _ left: [Int], _ right: [Int], _ leftShape: Shape, _ rightShape: Shape, _ kind: String
    ) throws {
        try TypeMismatch.require(
            left.count == right.count,
            "\(left.count) left and \(right.count) right \(kind) axes")
        for (a, b) in zip(left, right) {
            try TypeMismatch.require(
                leftShape[a] == rightShape[b],
                "\(kind) extents differ: left axis \(a) has \(leftShape[a]), "
                    + "right axis \(b) has \(rightShape[b])")
        }
    }

    public var gradient: GradientRule {
        .rule { context in
            let dy = try context.cotangent()
            return [
                try operandGradient(
                    context, dy: dy, other: 1, ownBatch: leftBatch, otherBatch: rightBatch,
                    ownFree: leftFree(rank: context.type(0).rank),
                    ownContracting: leftContracting, otherContracting: rightContracting,
                    otherFree: rightFree(rank: context.type(1).rank), ownIsLeft: true),
                try operandGradient(
                    context, dy: dy, other: 0, ownBatch: rightBatch, otherBatch: leftBatch,
                    ownFree: rightFree(rank: context.type(1).rank),
                    ownContracting: rightContracting, otherContracting: leftContracting,
                    otherFree: leftFree(rank: context.type(0).rank), ownIsLeft: false),
            ]
        }
    }

    /// Contracts dy with the other operand over the other's free axes, then puts the axes back
    /// in the operand's own order.
    private func operandGradient(
        _ context: GradientContext, dy: Value, other: Int, ownBatch: [Int], otherBatch: [Int],
        ownFree: [Int], ownContracting: [Int], otherContracting: [Int], otherFree: [Int],
        ownIsLeft: Bool
    ) throws -> Value {
        let b = context.builder
        let batchCount = ownBatch.count
        let dyBatch = Array(0..<batchCount)
        // dy's axes: batch, left free, right free.
        let otherStart = ownIsLeft ? batchCount + ownFree.count : batchCount
        let dyOther = otherFree.indices.map { otherStart + $0 }
        // The other operand's axes left over are its contracting ones, in rising order.
        let leftOver = otherContracting.sorted()
        let ownOfLeftOver = leftOver.map {
            ownContracting[otherContracting.firstIndex(of: $0) ?? 0]
        }
        let product: Value
        let order: [Int]
        if ownIsLeft {
            let op = DotGeneral(
                leftBatch: dyBatch, rightBatch: otherBatch, leftContracting: dyOther,
                rightContracting: otherFree, operandPrecision: operandPrecision)
            product = try b.append(.dotGeneral(op), dy, context.operands[other])
            order = ownBatch + ownFree + ownOfLeftOver
        } else {
            let op = DotGeneral(
                leftBatch: otherBatch, rightBatch: dyBatch, leftContracting: otherFree,
                rightContracting: dyOther, operandPrecision: operandPrecision)
            product = try b.append(.dotGeneral(op), context.operands[other], dy)
            order = ownBatch + ownOfLeftOver + ownFree
        }
        // order[i] is the operand axis that axis i of the product is.
        var permutation = order
        for (from, to) in order.enumerated() { permutation[to] = from }
        return try b.transpose(product, permutation)
    }

    private func rounded(_ operand: ReferenceTensor) -> ReferenceTensor {
        guard operandPrecision == .bf16 else { return operand }
        return ReferenceTensor(
            operand.dtype, shape: operand.shape,
            elements: operand.elements.map { Double(Float($0).roundedToBFloat16) })
    }

    public func evaluate(
        _ operands: [ReferenceTensor], resultTypes: [TensorType], extents: SymbolExtents
    ) throws -> [ReferenceTensor] {
        let (left, right) = (rounded(operands[0]), rounded(operands[1]))
        let leftFree = leftFree(rank: left.rank)
        let rightFree = rightFree(rank: right.rank)
        let summed = leftContracting.map { left.shape[$0] }
        return [
            .generate(left.dtype, shape: extents.shape(resultTypes[0].shape)) { index in
                var (i, j) = (
                    [Int](repeating: 0, count: left.rank), [Int](repeating: 0, count: right.rank)
                )
                for (n, axis) in leftBatch.enumerated() { i[axis] = index[n] }
                for (n, axis) in rightBatch.enumerated() { j[axis] = index[n] }
                for (n, axis) in leftFree.enumerated() { i[axis] = index[leftBatch.count + n] }
                for (n, axis) in rightFree.enumerated() {
                    j[axis] = index[leftBatch.count + leftFree.count + n]
                }
                var sum = 0.0
                forEachIndex(of: summed) { k in
                    for (n, axis) in leftContracting.enumerated() { i[axis] = k[n] }
                    for (n, axis) in rightContracting.enumerated() { j[axis] = k[n] }
                    sum += left[i] * right[j]
                }
                return sum
            }
        ]
    }
}
