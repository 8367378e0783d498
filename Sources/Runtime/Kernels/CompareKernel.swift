import MartletIR

/// Comparison to bool bytes, and selection by them, over plain runs.
package enum CompareKernel {
    /// `y = a ? b` as 0 or 1; every comparison with not-a-number is 0 but `ne`.
    package static func compare(
        _ direction: Compare.Direction, _ dtype: DType, _ a: UnsafeRawPointer,
        _ b: UnsafeRawPointer, _ y: UnsafeMutablePointer<UInt8>, count: Int
    ) {
        switch dtype {
        case .f32: compare(direction, Float.self, a, b, y, count) { $0 }
        case .f64: compare(direction, Double.self, a, b, y, count) { $0 }
        case .bf16: compare(direction, BFloat16.self, a, b, y, count) { $0.float }
        case .f16: compare(direction, Half.self, a, b, y, count) { Float16Bits.float($0.bits) }
        case .i8: compare(direction, Int8.self, a, b, y, count) { $0 }
        case .i32: compare(direction, Int32.self, a, b, y, count) { $0 }
        case .i64: compare(direction, Int64.self, a, b, y, count) { $0 }
        case .u8, .bool: compare(direction, UInt8.self, a, b, y, count) { $0 }
        }
    }

    @inline(__always)
    private static func compare<T, Value: Comparable>(
        _ direction: Compare.Direction, _: T.Type, _ a: UnsafeRawPointer, _ b: UnsafeRawPointer,
        _ y: UnsafeMutablePointer<UInt8>, _ count: Int, _ value: (T) -> Value
    ) {
        let (a, b) = (a.assumingMemoryBound(to: T.self), b.assumingMemoryBound(to: T.self))
        let range = 0..<max(count, 0)
        switch direction {
        case .eq: for i in range { y[i] = value(a[i]) == value(b[i]) ? 1 : 0 }
        case .ne: for i in range { y[i] = value(a[i]) != value(b[i]) ? 1 : 0 }
        case .lt: for i in range { y[i] = value(a[i]) < value(b[i]) ? 1 : 0 }
        case .le: for i in range { y[i] = value(a[i]) <= value(b[i]) ? 1 : 0 }
        case .gt: for i in range { y[i] = value(a[i]) > value(b[i]) ? 1 : 0 }
        case .ge: for i in range { y[i] = value(a[i]) >= value(b[i]) ? 1 : 0 }
        }
    }

    /// `y = condition ? a : b` for elements of 1, 2, 4 or 8 bytes.
    package static func select(
        _ dtype: DType, condition: UnsafePointer<UInt8>, _ a: UnsafeRawPointer,
        _ b: UnsafeRawPointer, _ y: UnsafeMutableRawPointer, count: Int
    ) {
        switch dtype {
        case .i8, .u8, .bool: select(UInt8.self, condition, a, b, y, count)
        case .bf16, .f16: select(UInt16.self, condition, a, b, y, count)
        case .f32, .i32: select(UInt32.self, condition, a, b, y, count)
        case .f64, .i64: select(UInt64.self, condition, a, b, y, count)
        }
    }

    @inline(__always)
    private static func select<T: FixedWidthInteger>(
        _: T.Type, _ condition: UnsafePointer<UInt8>, _ a: UnsafeRawPointer,
        _ b: UnsafeRawPointer, _ y: UnsafeMutableRawPointer, _ count: Int
    ) {
        let (a, b) = (a.assumingMemoryBound(to: T.self), b.assumingMemoryBound(to: T.self))
        let y = y.assumingMemoryBound(to: T.self)
        for i in 0..<max(count, 0) { y[i] = condition[i] == 0 ? b[i] : a[i] }
    }
}
