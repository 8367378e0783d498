/// A tensor of the reference interpreter: row-major, every element held as a Double.
///
/// Integers are exact up to 2⁵³. Narrow floats are rounded after each op (`rounded(to:)`), so one
/// naive kernel per op serves every element type.
public struct ReferenceTensor: Hashable, Sendable {
    public var dtype: DType
    public var shape: [Int]
    public var elements: [Double]

    public init(_ dtype: DType, shape: [Int], elements: [Double]) {
        precondition(elements.count == shape.reduce(1, *), "elements do not fill the shape")
        self.dtype = dtype
        self.shape = shape
        self.elements = elements
    }

    public init(_ dtype: DType, shape: [Int], repeating element: Double = 0) {
        self.init(
            dtype, shape: shape,
            elements: [Double](repeating: element, count: shape.reduce(1, *)))
    }

    public var rank: Int { shape.count }

    /// Elements to step over for each axis, row-major.
    var strides: [Int] {
        var strides = [Int](repeating: 1, count: rank)
        for axis in stride(from: rank - 2, through: 0, by: -1) {
            strides[axis] = strides[axis + 1] * shape[axis + 1]
        }
        return strides
    }

    /// The tensor whose element at each index is `element(index)`.
    static func generate(
        _ dtype: DType, shape: [Int], _ element: ([Int]) throws -> Double
    ) rethrows -> ReferenceTensor {
        var elements: [Double] = []
        elements.reserveCapacity(shape.reduce(1, *))
        try forEachIndex(of: shape) { elements.append(try element($0)) }
        return ReferenceTensor(dtype, shape: shape, elements: elements)
    }

    subscript(index: [Int]) -> Double {
        get { elements[offset(of: index)] }
        set { elements[offset(of: index)] = newValue }
    }

    private func offset(of index: [Int]) -> Int {
        var offset = 0
        for axis in index.indices { offset = offset * shape[axis] + index[axis] }
        return offset
    }

    func mapElements(_ dtype: DType? = nil, _ transform: (Double) -> Double) -> ReferenceTensor {
        ReferenceTensor(dtype ?? self.dtype, shape: shape, elements: elements.map(transform))
    }

    /// The elements as the dtype holds them.
    package var roundedElements: [Double] { rounded().elements }

    /// Each element rounded to what its dtype can hold.
    func rounded() -> ReferenceTensor {
        switch dtype {
        case .f32: mapElements { Double(Float($0)) }
        case .bf16: mapElements { Double(Float($0).roundedToBFloat16) }
        case .f16: mapElements { Double(Float16Bits.round(Float($0))) }
        case .f64, .i8, .i32, .i64, .u8, .bool: self
        }
    }
}

/// Calls `body` with every index of a shape in row-major order; once with `[]` for a scalar.
func forEachIndex(of shape: [Int], _ body: ([Int]) throws -> Void) rethrows {
    if shape.contains(0) { return }
    var index = [Int](repeating: 0, count: shape.count)
    while true {
        try body(index)
        var axis = shape.count - 1
        while axis >= 0 {
            index[axis] += 1
            if index[axis] < shape[axis] { break }
            index[axis] = 0
            axis -= 1
        }
        if axis < 0 { return }
    }
}

/// The actual extents of symbols during one evaluation.
public struct SymbolExtents: Hashable, Sendable {
    public var extents: [String: Int]

    public init(_ extents: [String: Int] = [:]) { self.extents = extents }

    /// The extent of a symbol: its bound unless another was given.
    public func callAsFunction(_ symbol: Symbol) -> Int { extents[symbol.name] ?? symbol.bound }

    func shape(_ shape: Shape) -> [Int] { shape.evaluated { self($0) } ?? [] }
}

extension Float {
    /// Rounded to bfloat16, ties to even; NaN stays NaN.
    package var roundedToBFloat16: Float {
        if isNaN { return self }
        let bits = bitPattern
        let rounded = (bits &+ 0x7FFF &+ ((bits >> 16) & 1)) & 0xFFFF_0000
        return Float(bitPattern: rounded)
    }
}

/// IEEE half precision by its bits: the `Float16` type does not exist on every platform.
package enum Float16Bits {
    /// A Float rounded to half precision, ties to even.
    package static func round(_ value: Float) -> Float { float(bits(value)) }

    package static func bits(_ value: Float) -> UInt16 {
        let bits = value.bitPattern
        let sign = UInt16((bits >> 16) & 0x8000)
        if value.isNaN { return sign | 0x7E00 }
        let magnitude = Float(bitPattern: bits & 0x7FFF_FFFF)
        if magnitude >= 65520 { return sign | 0x7C00 }
        if magnitude < 6.103515625e-05 {
            // Subnormal: units of 2⁻²⁴, rounded by the addition of 2²³ units.
            let units = (magnitude * 16_777_216 + 8_388_608).bitPattern - 0x4B00_0000
            return sign | UInt16(truncatingIfNeeded: units)
        }
        let rounded = (bits & 0x7FFF_FFFF) &+ 0xFFF &+ ((bits >> 13) & 1)
        return sign | UInt16(truncatingIfNeeded: (rounded &- 0x3800_0000) >> 13)
    }

    package static func float(_ half: UInt16) -> Float {
        let sign: Float = half & 0x8000 == 0 ? 1 : -1
        let exponent = Int((half >> 10) & 0x1F)
        let fraction = Float(half & 0x3FF)
        switch exponent {
        case 0: return sign * fraction / 16_777_216
        case 31: return fraction == 0 ? sign * .infinity : .nan
        default:
            let bits = UInt32(exponent - 15 + 127) << 23 | UInt32(half & 0x3FF) << 13
            return sign * Float(bitPattern: bits)
        }
    }
}
