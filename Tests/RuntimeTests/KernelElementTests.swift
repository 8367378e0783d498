import Foundation
import MartletIR
import MartletRuntime
import Testing

/// Elements of any type in memory, put in and taken out as Doubles.
final class TypedBuffer {
    let dtype: DType
    let count: Int
    let pointer: UnsafeMutableRawPointer
    private static let guardByte: UInt8 = 0xA5
    private let byteCount: Int

    init(_ dtype: DType, count: Int) {
        self.dtype = dtype
        self.count = count
        byteCount = count * dtype.byteCount
        pointer = .allocate(byteCount: byteCount + 64, alignment: 64)
        pointer.initializeMemory(
            as: UInt8.self, repeating: TypedBuffer.guardByte, count: byteCount + 64)
    }

    /// Each value rounded to the type as the reference does.
    convenience init(_ dtype: DType, _ values: [Double]) {
        self.init(dtype, count: values.count)
        values.withUnsafeBytes { source in
            guard let base = source.baseAddress else { return }
            ConvertKernel.convert(.f64, base, to: dtype, pointer, count: count)
        }
    }

    deinit { pointer.deallocate() }

    var guardHolds: Bool {
        let bytes = pointer.assumingMemoryBound(to: UInt8.self) + byteCount
        return (0..<64).allSatisfy { bytes[$0] == TypedBuffer.guardByte }
    }

    var doubles: [Double] {
        var values = [Double](repeating: 0, count: count)
        values.withUnsafeMutableBytes { target in
            guard let base = target.baseAddress else { return }
            ConvertKernel.convert(dtype, pointer, to: .f64, base, count: count)
        }
        return values
    }

    /// The same elements for the reference kernels.
    func reference(_ shape: [Int]) -> ReferenceTensor {
        ReferenceTensor(dtype, shape: shape, elements: doubles)
    }
}

func agree(_ a: [Double], _ b: [Double], within tolerance: Double) -> Bool {
    a.count == b.count
        && zip(a, b).allSatisfy { x, y in
            x == y || (x.isNaN && y.isNaN) || abs(x - y) <= tolerance * max(1, abs(y))
        }
}

@Suite struct KernelElementTests {
    /// Awkward values first, then samples; whole numbers for integers.
    static func operand(_ dtype: DType, _ seed: UInt64, count: Int = 75) -> TypedBuffer {
        var sampler = Sampler(seed)
        let edges: [Double]
        switch dtype {
        case .f32, .f64, .bf16, .f16:
            edges = [0, -0.0, .infinity, -.infinity, .nan, 1, -1, 0.5, 2.5, -2.5]
        case .i8: edges = [0, -128, 127, -1, 1, 2]
        case .i32: edges = [0, -2_147_483_648, 2_147_483_647, -1, 1, 2]
        case .i64: edges = [0, -9_007_199_254_740_992, 9_007_199_254_740_992, -1, 1, 2]
        case .u8: edges = [0, 255, 128, 1, 2, 3]
        case .bool: edges = [0, 1, 1, 0]
        }
        let offset = Int(seed) % max(edges.count, 1)
        let values = (0..<count).map { index -> Double in
            if index < 4 * edges.count {
                // Two operands walk the edges at different paces, so that pairs of edges meet.
                return edges[(index / (seed % 2 == 0 ? 1 : 4) + offset) % edges.count]
            }
            let value = Double(sampler.float(-4...4))
            return dtype.isFloat ? value : dtype == .bool ? (value > 0 ? 1 : 0) : value.rounded()
        }
        return TypedBuffer(dtype, dtype == .u8 ? values.map(abs) : values)
    }

    static func tolerance(_ dtype: DType) -> Double {
        switch dtype {
        case .f32: 2e-6
        case .f64: 1e-14
        case .bf16: 0.01
        case .f16: 0.002
        case .i8, .i32, .i64, .u8, .bool: 0
        }
    }

    @Test(arguments: Unary.Kind.allCases, DType.allCases)
    func unaryOperationsMatchTheReference(kind: Unary.Kind, dtype: DType) throws {
        let type = TensorType(dtype, [75])
        guard let result = try? Unary(kind).resultTypes([type])[0] else { return }
        let x = Self.operand(dtype, 2)
        let expected = try Unary(kind).evaluate(
            [x.reference([75])], resultTypes: [result], extents: SymbolExtents())[0]
        let y = TypedBuffer(result.dtype, count: 75)
        ElementwiseKernel.unary(kind, dtype, x.pointer, y.pointer, count: 75)
        // The least integer's magnitude wraps around to itself, which Doubles do not.
        let least = -pow(2, Double(8 * dtype.byteCount - 1))
        let values = expected.roundedElements.map { value -> Double in
            switch dtype {
            case .i8, .i32: value == -least ? least : value
            case .u8: value < 0 ? value + 256 : value
            default: value
            }
        }
        #expect(agree(y.doubles, values, within: Self.tolerance(dtype)))
        #expect(y.guardHolds)
    }

    @Test(arguments: Binary.Kind.allCases, DType.allCases)
    func binaryOperationsMatchTheReference(kind: Binary.Kind, dtype: DType) throws {
        let type = TensorType(dtype, [75])
        guard let result = try? Binary(kind).resultTypes([type, type])[0] else { return }
        // Int64 beyond 2⁵³ and integer powers are tested by themselves below.
        if dtype.isInteger && (kind == .power || (dtype == .i64 && kind == .multiply)) { return }
        let (a, b) = (Self.operand(dtype, 2), Self.operand(dtype, 3))
        let expected = try Binary(kind).evaluate(
            [a.reference([75]), b.reference([75])], resultTypes: [result],
            extents: SymbolExtents())[0]
        let y = TypedBuffer(dtype, count: 75)
        ElementwiseKernel.binary(kind, dtype, a.pointer, b.pointer, y.pointer, count: 75)
        #expect(agree(y.doubles, expected.roundedElements, within: Self.tolerance(dtype)))
        #expect(y.guardHolds)
    }

    @Test func integerArithmeticHasNoTraps() {
        func result(_ kind: Binary.Kind, _ a: Int64, _ b: Int64) -> Int64 {
            var (x, y, z) = (a, b, Int64(0))
            ElementwiseKernel.binary(kind, .i64, &x, &y, &z, count: 1)
            return z
        }
        #expect(result(.divide, .min, -1) == .min)
        #expect(result(.divide, 7, 0) == -1)
        #expect(result(.remainder, .min, -1) == 0)
        #expect(result(.remainder, 7, 0) == 7)
        #expect(result(.multiply, .max, .max) == 1)
        #expect(result(.add, .max, 1) == .min)
        #expect(result(.power, 3, 5) == 243)
        #expect(result(.power, 2, -1) == 0)
        #expect(result(.power, -1, -3) == -1)
        #expect(result(.power, 0, -1) == -1)
        #expect(result(.power, 2, .min) == 0)
        var (x, y) = (Int64.min, Int64(0))
        ElementwiseKernel.unary(.abs, .i64, &x, &y, count: 1)
        #expect(y == .min)
    }

    @Test(
        arguments: [Compare.Direction.eq, .ne, .lt, .le, .gt, .ge], DType.allCases)
    func comparisonsMatchTheReference(direction: Compare.Direction, dtype: DType) throws {
        let (a, b) = (Self.operand(dtype, 2), Self.operand(dtype, 3))
        let expected = try Compare(direction).evaluate(
            [a.reference([75]), b.reference([75])], resultTypes: [TensorType(.bool, [75])],
            extents: SymbolExtents())[0]
        let y = TypedBuffer(.bool, count: 75)
        CompareKernel.compare(
            direction, dtype, a.pointer, b.pointer, y.pointer.assumingMemoryBound(to: UInt8.self),
            count: 75)
        #expect(y.doubles == expected.elements)
        #expect(y.guardHolds)
        let chosen = TypedBuffer(dtype, count: 75)
        CompareKernel.select(
            dtype, condition: y.pointer.assumingMemoryBound(to: UInt8.self), a.pointer, b.pointer,
            chosen.pointer, count: 75)
        let selected = zip(y.doubles, zip(a.doubles, b.doubles)).map { $0 == 0 ? $1.1 : $1.0 }
        #expect(agree(chosen.doubles, selected, within: 0))
        #expect(chosen.guardHolds)
    }

    @Test(arguments: DType.allCases, DType.allCases)
    func conversionsMatchTheReference(from: DType, to: DType) throws {
        let x = Self.operand(from, 2)
        let expected = try Convert(to: to).evaluate(
            [x.reference([75])], resultTypes: [TensorType(to, [75])], extents: SymbolExtents())[0]
        let y = TypedBuffer(to, count: 75)
        ConvertKernel.convert(from, x.pointer, to: to, y.pointer, count: 75)
        let values = y.doubles
        for (index, value) in expected.roundedElements.enumerated() {
            // The reference's Int64 ends where Doubles stop being exact.
            if to == .i64, abs(value) >= 9_007_199_254_740_992 { continue }
            #expect(values[index] == value || (values[index].isNaN && value.isNaN))
        }
        #expect(y.guardHolds)
    }

    @Test func floatsSaturateIntoIntegers() {
        let x: [Float] = [.nan, .infinity, -.infinity, 3e38, -3e38, 127.9, -128.9, -0.9]
        var bytes = [Int8](repeating: 1, count: 8)
        var words = [Int64](repeating: 1, count: 8)
        ConvertKernel.convert(.f32, x, to: .i8, &bytes, count: 8)
        ConvertKernel.convert(.f32, x, to: .i64, &words, count: 8)
        #expect(bytes == [0, 127, -128, 127, -128, 127, -128, 0])
        #expect(words == [0, .max, .min, .max, .min, 127, -128, 0])
    }

    @Test func bfloat16RoundsToNearestEven() {
        let x: [Double] = [
            1, 1.00390625, 1.01171875, 1.004, 3.4e38, .nan, -.infinity, 1e-45,
        ]
        var bits = [UInt16](repeating: 0, count: 8)
        ConvertKernel.convert(.f64, x, to: .bf16, &bits, count: 8)
        #expect(bits[0...4] == [0x3F80, 0x3F80, 0x3F82, 0x3F81, 0x7F80])
        #expect(bits[5] & 0x7FFF > 0x7F80)
        #expect(bits[6] == 0xFF80 && bits[7] == 0)
    }
}
