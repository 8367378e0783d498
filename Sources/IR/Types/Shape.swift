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

    /// The number of elements of a shape of fixed extents.
    ///
    /// - Throws: `TypeMismatch` where an extent is negative or the count overflows.
    func checkedElementCount() throws -> Int {
        var count = 1
        for dimension in dimensions {
            guard let extent = dimension.fixed, extent >= 0 else {
                throw TypeMismatch("shape \(self) has an extent that is no fixed size")
            }
            let (next, overflow) = count.multipliedReportingOverflow(by: extent)
            if overflow { throw TypeMismatch("shape \(self) has more elements than fit 64 bits") }
            count = next
        }
        return count
    }

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

    /// - Throws: `TypeMismatch` where an extent may be negative, or the bytes overflow.
    func requireSize() throws {
        var byteCount = dtype.byteCount
        for (axis, extent) in shape.dimensions.enumerated() {
            guard extent.isSize, let bound = extent.bound else {
                throw TypeMismatch(
                    "axis \(axis) of \(self) has the extent \(extent), which is no size")
            }
            let (next, overflow) = byteCount.multipliedReportingOverflow(by: max(bound, 1))
            if overflow { throw TypeMismatch("\(self) has more bytes than fit 64 bits") }
            byteCount = next
        }
    }

    package func with(dtype: DType) -> TensorType { TensorType(dtype, shape) }
    package func with(shape: Shape) -> TensorType { TensorType(dtype, shape) }
}
