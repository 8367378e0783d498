/// The extents of a tensor's axes, outermost first. A scalar has no axes.
public struct Shape: Hashable, Sendable {
    public var dimensions: [Dimension]

    public init(_ dimensions: [Dimension]) { self.dimensions = dimensions }

    public init(_ extents: [Int]) { dimensions = extents.map { Dimension($0) } }

    public static let scalar = Shape([Dimension]())

    public var rank: Int { dimensions.count }

    public subscript(axis: Int) -> Dimension { dimensions[axis] }

    /// The number of elements, as a polynomial over the symbols.
    public var elementCount: Dimension { dimensions.reduce(1, *) }

    /// Every extent, if all are known when the graph is built.
    public var fixed: [Int]? {
        var extents: [Int] = []
        extents.reserveCapacity(dimensions.count)
        for dimension in dimensions {
            guard let extent = dimension.fixed else { return nil }
            extents.append(extent)
        }
        return extents
    }

    public var symbols: Set<Symbol> { dimensions.reduce(into: []) { $0.formUnion($1.symbols) } }

    /// The actual extents for given values of the symbols; nil on overflow.
    public func evaluated(_ value: (Symbol) -> Int) -> [Int]? {
        var extents: [Int] = []
        for dimension in dimensions {
            guard let extent = dimension.evaluated(value) else { return nil }
            extents.append(extent)
        }
        return extents
    }

    /// The product of every extent at its bound times the element size; nil on overflow.
    public func boundByteCount(of dtype: DType) -> Int? {
        var count = dtype.byteCount
        for dimension in dimensions {
            guard let bound = dimension.bound, bound >= 0 else { return nil }
            let (next, overflow) = count.multipliedReportingOverflow(by: bound)
            if overflow { return nil }
            count = next
        }
        return count
    }
}

extension Shape: ExpressibleByArrayLiteral {
    public init(arrayLiteral elements: Dimension...) { self.init(elements) }
}

extension Shape: CustomStringConvertible {
    /// `[batch, 256, 32]`
    public var description: String {
        "[" + dimensions.map(\.description).joined(separator: ", ") + "]"
    }
}

/// What is known of a tensor before it exists: element type and shape. Prints as `f32[batch, 32]`.
public struct TensorType: Hashable, Sendable, CustomStringConvertible {
    public var dtype: DType
    public var shape: Shape

    public init(_ dtype: DType, _ shape: Shape) {
        self.dtype = dtype
        self.shape = shape
    }

    public var rank: Int { shape.rank }

    public var description: String { "\(dtype)\(shape)" }

    package func with(dtype: DType) -> TensorType { TensorType(dtype, shape) }
    package func with(shape: Shape) -> TensorType { TensorType(dtype, shape) }
}
