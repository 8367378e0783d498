/// Elements `starts[i] ..< limits[i]` of each axis, every `strides[i]`-th.
///
/// An axis with a symbolic extent is taken without stride, and to a limit that is never beyond
/// it: `2 ..< batch + 2` of `batch + 5`. Or one element of it is taken, as the first token of
/// each sequence: a run whose actual extent does not reach that element is refused.
public struct Slice: PrimitiveOperation {
    public var starts: [Int]
    public var limits: Shape
    public var strides: [Int]

    public init(starts: [Int], limits: Shape, strides: [Int]? = nil) {
        self.starts = starts
        self.limits = limits
        self.strides = strides ?? [Int](repeating: 1, count: starts.count)
    }

    public init(reading attributes: inout AttributeReader) throws {
        self.init(
            starts: try attributes.integers("starts"), limits: try attributes.shape("limits"),
            strides: try attributes.integersIfPresent("strides"))
    }

    public var name: String { "slice" }
    public var attributes: [Attribute] {
        [
            Attribute("starts", .integers(starts)), Attribute("limits", .shape(limits)),
            Attribute("strides", .integers(strides)),
        ]
    }

    public func resultTypes(_ operands: [TensorType]) throws -> [TensorType] {
        try TypeMismatch.requireCount(operands, 1)
        let operand = operands[0]
        try TypeMismatch.require(
            starts.count == operand.rank && limits.rank == operand.rank
                && strides.count == operand.rank,
            "starts, limits and strides must have one entry for each of \(operand.rank) axes")
        var dimensions: [Dimension] = []
        for axis in 0..<operand.rank {
            let (start, limit, step) = (starts[axis], limits[axis], strides[axis])
            let extent = operand.shape[axis]
            if limit == extent && start == 0 && step == 1 {
                dimensions.append(extent)
                continue
            }
            if takesElement(axis, of: extent) {
                dimensions.append(1)
                continue
            }
            guard let end = limit.fixed, let whole = extent.fixed else {
                let taken = limit - Dimension(start)
                try TypeMismatch.require(
                    start >= 0 && step == 1 && taken.isSize && (extent - limit).isSize,
                    "axis \(axis): \(start)..<\(limit) by \(step) does not always lie in the "
                        + "symbolic 0..<\(extent)")
                dimensions.append(taken)
                continue
            }
            try TypeMismatch.require(
                start >= 0 && start <= end && end <= whole && step >= 1,
                "axis \(axis): \(start)..<\(end) by \(step) does not lie in 0..<\(whole)")
            dimensions.append(Dimension(end == start ? 0 : (end - start - 1) / step + 1))
        }
        return [operand.with(shape: Shape(dimensions))]
    }

    public var gradient: GradientRule {
        .rule { context in
            let operand = context.type(0).shape
            let result = context.builder.type(of: context.results[0]).shape
            let axes = operand.dimensions.indices
            guard let axis = axes.first(where: { takesElement($0, of: operand[$0]) }) else {
                return [
                    try padded(
                        context.cotangent(), operand: operand, result: result, context.builder)
                ]
            }
            return [try elementGradient(context, axis: axis, operand: operand, result: result)]
        }
    }

    /// Whether one element is taken of an axis of symbolic extent that may reach it.
    private func takesElement(_ axis: Int, of extent: Dimension) -> Bool {
        guard extent.fixed == nil, let bound = extent.bound else { return false }
        let start = starts[axis]
        return (0..<bound).contains(start) && limits[axis] == Dimension(start + 1)
            && strides[axis] == 1
    }

    /// The cotangent with zeros where nothing was taken.
    private func padded(
        _ cotangent: Value, operand: Shape, result: Shape, _ builder: GraphBuilder
    ) throws -> Value {
        var (low, high, interior) = ([Int](), [Int](), [Int]())
        for axis in 0..<operand.rank {
            interior.append(strides[axis] - 1)
            low.append(starts[axis])
            guard let whole = operand[axis].fixed, let taken = result[axis].fixed else {
                let rest = operand[axis] - Dimension(starts[axis]) - result[axis]
                guard let rest = rest.fixed else {
                    throw GraphError(
                        op: name,
                        message: "cannot be differentiated along axis \(axis), of which the "
                            + "symbolic \(rest) is left out at the end")
                }
                high.append(rest)
                continue
            }
            let span = taken == 0 ? 0 : (taken - 1) * strides[axis] + 1
            high.append(whole - starts[axis] - span)
        }
        return try builder.pad(cotangent, low: low, high: high, interior: interior)
    }

    /// The cotangent where the element was taken, 0 elsewhere. Padding cannot say it: how much
    /// follows is not known.
    private func elementGradient(
        _ context: GradientContext, axis: Int, operand: Shape, result: Shape
    ) throws -> Value {
        let b = context.builder
        var whole = result
        whole.dimensions[axis] = operand[axis]
        let spread = try b.broadcastInDim(
            context.cotangent(), whole, dimensions: Array(0..<whole.rank))
        let place = try b.append(.iota(Iota(TensorType(.i32, whole), axis: axis)))
        let isTaken = try b.compare(.eq, place, b.splat(Double(starts[axis]), b.type(of: place)))
        let gradient = try b.select(isTaken, spread, b.splat(0, b.type(of: spread)))
        if whole == operand { return gradient }
        // The other axes, with this one taken whole.
        var rest = self
        rest.starts[axis] = 0
        rest.limits.dimensions[axis] = operand[axis]
        return try rest.padded(gradient, operand: operand, result: whole, b)
    }

    /// - Throws: `GraphError` where a symbolic extent does not reach the element to take.
    package func requireElements(of shape: [Int]) throws {
        for (axis, limit) in limits.dimensions.enumerated() {
            guard let end = limit.fixed, end > shape[axis] else { continue }
            throw GraphError(
                op: name,
                message: "element \(end - 1) of axis \(axis) is taken, but this run gives the axis "
                    + "\(shape[axis]); give it \(end) or more")
        }
    }

    public func evaluate(
        _ operands: [ReferenceTensor], resultTypes: [TensorType], extents: SymbolExtents
    ) throws -> [ReferenceTensor] {
        let operand = operands[0]
        try requireElements(of: operand.shape)
        return [
            .generate(operand.dtype, shape: extents.shape(resultTypes[0].shape)) { index in
                operand[index.indices.map { starts[$0] + index[$0] * strides[$0] }]
            }
        ]
    }
}
