/// Places an operand's axes among those of a larger shape and repeats it along the others.
///
/// Operand axis i becomes result axis `dimensions[i]`; an operand axis of extent 1 is repeated.
public struct BroadcastInDim: PrimitiveOperation {
    public var shape: Shape
    public var dimensions: [Int]

    public init(shape: Shape, dimensions: [Int]) {
        self.shape = shape
        self.dimensions = dimensions
    }

    public init(reading attributes: inout AttributeReader) throws {
        self.init(
            shape: try attributes.shape("shape"), dimensions: try attributes.integers("dimensions"))
    }

    public var name: String { "broadcast_in_dim" }
    public var attributes: [Attribute] {
        [Attribute("shape", .shape(shape)), Attribute("dimensions", .integers(dimensions))]
    }

    public func resultTypes(_ operands: [TensorType]) throws -> [TensorType] {
        try TypeMismatch.requireCount(operands, 1)
        let operand = operands[0]
        try TypeMismatch.require(
            dimensions.count == operand.rank,
            "\(dimensions.count) dimensions for a rank-\(operand.rank) operand")
        try TypeMismatch.require(
            zip(dimensions, dimensions.dropFirst()).allSatisfy { $0 < $1 },
            "dimensions \(dimensions) must rise")
        for (axis, target) in dimensions.enumerated() {
            try TypeMismatch.requireAxis(target, rank: shape.rank)
            let (from, to) = (operand.shape[axis], shape[target])
            try TypeMismatch.require(
                from == to || from == 1,
                "operand axis \(axis) has extent \(from), but result axis \(target) has \(to); "
                    + "only an extent of 1 is repeated")
        }
        return [operand.with(shape: shape)]
    }

    public var gradient: GradientRule {
        .rule { context in
            let operand = context.type(0).shape
            let summed = shape.dimensions.indices.filter { axis in
                guard let from = dimensions.firstIndex(of: axis) else { return true }
                return operand[from] != shape[axis]
            }
            let sum = try context.builder.reduce(.sum, context.cotangent(), axes: summed)
            return [try context.builder.reshape(sum, operand)]
        }
    }

    public func evaluate(
        _ operands: [ReferenceTensor], resultTypes: [TensorType], extents: SymbolExtents
    ) throws -> [ReferenceTensor] {
        let operand = operands[0]
        return [
            .generate(operand.dtype, shape: extents.shape(shape)) { index in
                operand[dimensions.enumerated().map { operand.shape[$0] == 1 ? 0 : index[$1] }]
            }
        ]
    }
}

/// The same elements in row-major order under another shape.
public struct Reshape: PrimitiveOperation {
    public var shape: Shape

    public init(_ shape: Shape) { self.shape = shape }

    public init(reading attributes: inout AttributeReader) throws {
        self.init(try attributes.shape("shape"))
    }

    public var name: String { "reshape" }
    public var attributes: [Attribute] { [Attribute("shape", .shape(shape))] }

    public func resultTypes(_ operands: [TensorType]) throws -> [TensorType] {
        try TypeMismatch.requireCount(operands, 1)
        // Products of sums grow without limit; no model comes near this one.
        let termCounts = [operands[0].shape, shape].map { shape in
            shape.dimensions.reduce(1.0) { $0 * Double($1.termCount) }
        }
        try TypeMismatch.require(
            termCounts.allSatisfy { $0 <= 1024 },
            "the extents have too many symbolic terms to compare element counts")
        let (from, to) = (operands[0].shape.elementCount, shape.elementCount)
        try TypeMismatch.require(
            from == to, "\(from) elements cannot fill shape \(shape), which holds \(to)")
        return [operands[0].with(shape: shape)]
    }

    public var gradient: GradientRule {
        .rule { [try $0.builder.reshape($0.cotangent(), $0.type(0).shape)] }
    }

    public func evaluate(
        _ operands: [ReferenceTensor], resultTypes: [TensorType], extents: SymbolExtents
    ) throws -> [ReferenceTensor] {
        [
            ReferenceTensor(
                operands[0].dtype, shape: extents.shape(shape), elements: operands[0].elements)
        ]
    }
}

/// Result axis i is operand axis `permutation[i]`.
public struct Transpose: PrimitiveOperation {
    public var permutation: [Int]

    public init(_ permutation: [Int]) { self.permutation = permutation }

    public init(reading attributes: inout AttributeReader) throws {
        self.init(try attributes.integers("permutation"))
    }

    public var name: String { "transpose" }
    public var attributes: [Attribute] { [Attribute("permutation", .integers(permutation))] }

    public func resultTypes(_ operands: [TensorType]) throws -> [TensorType] {
        try TypeMismatch.requireCount(operands, 1)
        let operand = operands[0]
        try TypeMismatch.require(
            permutation.sorted() == Array(0..<operand.rank),
            "\(permutation) is not a permutation of the axes 0..<\(operand.rank)")
        return [operand.with(shape: Shape(permutation.map { operand.shape[$0] }))]
    }

    /// The permutation that undoes this one.
    package var inverse: [Int] {
        var inverse = permutation
        for (to, from) in permutation.enumerated() { inverse[from] = to }
        return inverse
    }

    public var gradient: GradientRule {
        .rule { [try $0.builder.transpose($0.cotangent(), inverse)] }
    }

    public func evaluate(
        _ operands: [ReferenceTensor], resultTypes: [TensorType], extents: SymbolExtents
    ) throws -> [ReferenceTensor] {
        let operand = operands[0]
        return [
            .generate(operand.dtype, shape: permutation.map { operand.shape[$0] }) { index in
                var from = index
                for (axis, target) in permutation.enumerated() { from[target] = index[axis] }
                return operand[from]
            }
        ]
    }
}

/// The operand framed by copies of a scalar (the second operand): `low[i]` before, `high[i]`
/// after and `interior[i]` between neighbours along axis i. None may be negative.
public struct Pad: PrimitiveOperation {
    public var low: [Int]
    public var high: [Int]
    public var interior: [Int]

    public init(low: [Int], high: [Int], interior: [Int]? = nil) {
        self.low = low
        self.high = high
        self.interior = interior ?? [Int](repeating: 0, count: low.count)
    }

    public init(reading attributes: inout AttributeReader) throws {
        self.init(
            low: try attributes.integers("low"), high: try attributes.integers("high"),
            interior: try attributes.integersIfPresent("interior"))
    }

    public var name: String { "pad" }
    public var attributes: [Attribute] {
        [
            Attribute("low", .integers(low)), Attribute("high", .integers(high)),
            Attribute("interior", .integers(interior)),
        ]
    }

    public func resultTypes(_ operands: [TensorType]) throws -> [TensorType] {
        try TypeMismatch.requireCount(operands, 2)
        let operand = operands[0]
        try TypeMismatch.requireSame(
            "padding value", TensorType(operand.dtype, .scalar), operands[1])
        try TypeMismatch.require(
            low.count == operand.rank && high.count == operand.rank
                && interior.count == operand.rank,
            "low, high and interior must have one entry for each of \(operand.rank) axes")
        let paddings = low + high + interior
        try TypeMismatch.require(
            paddings.allSatisfy { $0 >= 0 }, "padding may not be negative")
        try TypeMismatch.require(
            paddings.allSatisfy { $0 < 1 << 40 }, "padding of 2⁴⁰ or more is out of reach")
        var dimensions: [Dimension] = []
        for axis in 0..<operand.rank {
            let extent = operand.shape[axis]
            if interior[axis] == 0 {
                dimensions.append(extent + Dimension(low[axis] + high[axis]))
                continue
            }
            guard let whole = extent.fixed else {
                throw TypeMismatch(
                    "axis \(axis) has the symbolic extent \(extent) and cannot be spread")
            }
            try TypeMismatch.require(
                whole < 1 << 40 && Double(whole) * Double(interior[axis]) < 0x1p61,
                "axis \(axis) is spread too far")
            let spread = whole == 0 ? 0 : whole + (whole - 1) * interior[axis]
            dimensions.append(Dimension(low[axis] + spread + high[axis]))
        }
        return [operand.with(shape: Shape(dimensions))]
    }

    public var gradient: GradientRule {
        .rule { context in
            let b = context.builder
            let dy = try context.cotangent()
            let operand = context.type(0).shape
            let framed = b.type(of: dy).shape
            let limits = framed.dimensions.indices.map { axis in
                high[axis] == 0 ? framed[axis] : framed[axis] - Dimension(high[axis])
            }
            let strides = interior.map { $0 + 1 }
            let dx = try b.slice(dy, starts: low, limits: Shape(limits), strides: strides)
            let all = Array(0..<operand.rank)
            let total = try b.reduce(.sum, dy, axes: all)
            return [dx, try b.subtract(total, b.reduce(.sum, dx, axes: all))]
        }
    }

    public func evaluate(
        _ operands: [ReferenceTensor], resultTypes: [TensorType], extents: SymbolExtents
    ) throws -> [ReferenceTensor] {
        let operand = operands[0]
        var result = ReferenceTensor(
            operand.dtype, shape: extents.shape(resultTypes[0].shape),
            repeating: operands[1].elements[0])
        forEachIndex(of: operand.shape) { index in
            result[index.indices.map { low[$0] + index[$0] * (interior[$0] + 1) }] =
                operand[index]
        }
        return [result]
    }
}

/// Operands one after another along an axis.
public struct Concatenate: PrimitiveOperation {
    public var axis: Int

    public init(axis: Int) { self.axis = axis }

    public init(reading attributes: inout AttributeReader) throws {
        self.init(axis: try attributes.integer("axis"))
    }

    public var name: String { "concatenate" }
    public var attributes: [Attribute] { [Attribute("axis", .integer(axis))] }

    public func resultTypes(_ operands: [TensorType]) throws -> [TensorType] {
        guard let first = operands.first else { throw TypeMismatch("expected an operand") }
        try TypeMismatch.requireAxis(axis, rank: first.rank)
        var extent: Dimension = 0
        for (number, operand) in operands.enumerated() {
            var expected = first
            try TypeMismatch.require(
                operand.rank == first.rank, "operand \(number) has rank \(operand.rank)")
            expected.shape.dimensions[axis] = operand.shape[axis]
            try TypeMismatch.requireSame("operand \(number)", expected, operand)
            extent = extent + operand.shape[axis]
            try TypeMismatch.require(extent.isSize, "axis \(axis) has too many elements")
        }
        var result = first
        result.shape.dimensions[axis] = extent
        return [result]
    }

    public var gradient: GradientRule {
        .rule { context in
            let b = context.builder
            let dy = try context.cotangent()
            let whole = b.type(of: dy).shape
            if context.operands.count == 1 { return [dy] }
            var start: Dimension = 0
            var gradients: [Value?] = []
            for operand in context.operands.indices {
                guard let first = start.fixed else {
                    throw GraphError(
                        op: name,
                        message: "cannot be differentiated along axis \(axis), where operand "
                            + "\(operand) starts at the symbolic \(start); put it first")
                }
                var starts = [Int](repeating: 0, count: whole.rank)
                starts[axis] = first
                var limits = whole
                start = start + context.type(operand).shape[axis]
                limits.dimensions[axis] = start
                gradients.append(try b.slice(dy, starts: starts, limits: limits))
            }
            return gradients
        }
    }

    public func evaluate(
        _ operands: [ReferenceTensor], resultTypes: [TensorType], extents: SymbolExtents
    ) throws -> [ReferenceTensor] {
        var shape = operands[0].shape
        shape[axis] = operands.reduce(0) { $0 + $1.shape[axis] }
        var result = ReferenceTensor(operands[0].dtype, shape: shape)
        var start = 0
        for operand in operands {
            forEachIndex(of: operand.shape) { index in
                var target = index
                target[axis] += start
                result[target] = operand[index]
            }
            start += operand.shape[axis]
        }
        return [result]
    }
}
