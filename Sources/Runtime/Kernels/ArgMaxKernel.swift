import MartletIR

/// The first index of the largest element along an axis; not-a-number counts as largest.
package enum ArgMaxKernel {
    /// Result rows `rows` of a tensor seen as [outer, extent, inner]: `out[o, i]` as i32.
    package static func argMax(
        _ dtype: DType, _ x: UnsafeRawPointer, extent: Int, inner: Int, rows: Range<Int>,
        out: UnsafeMutablePointer<Int32>
    ) {
        switch dtype {
        case .f32: argMax(Float.self, x, extent, inner, rows, out)
        case .f64: argMax(Double.self, x, extent, inner, rows, out)
        case .bf16: argMax(BFloat16.self, x, extent, inner, rows, out)
        case .f16: argMax(Half.self, x, extent, inner, rows, out)
        case .i8: argMax(Int8.self, x, extent, inner, rows, out)
        case .i32: argMax(Int32.self, x, extent, inner, rows, out)
        case .i64: argMaxOfIntegers(x, extent, inner, rows, out)
        case .u8, .bool: argMax(UInt8.self, x, extent, inner, rows, out)
        }
    }

    @inline(__always)
    private static func argMax<T: StoredElement>(
        _: T.Type, _ x: UnsafeRawPointer, _ extent: Int, _ inner: Int, _ rows: Range<Int>,
        _ out: UnsafeMutablePointer<Int32>
    ) {
        let x = x.assumingMemoryBound(to: T.self)
        for row in rows {
            for column in 0..<inner {
                let line = x + (row * extent * inner + column)
                var (best, index) = (-Double.infinity, 0)
                for i in 0..<extent {
                    let value = line[i * inner].double
                    if value > best || (value.isNaN && !best.isNaN) { (best, index) = (value, i) }
                }
                out[row * inner + column] = Int32(truncatingIfNeeded: index)
            }
        }
    }

    /// As above, but compared as integers: a Double does not hold every Int64.
    private static func argMaxOfIntegers(
        _ x: UnsafeRawPointer, _ extent: Int, _ inner: Int, _ rows: Range<Int>,
        _ out: UnsafeMutablePointer<Int32>
    ) {
        let x = x.assumingMemoryBound(to: Int64.self)
        for row in rows {
            for column in 0..<inner {
                let line = x + (row * extent * inner + column)
                var index = 0
                for i in 0..<extent where line[i * inner] > line[index * inner] { index = i }
                out[row * inner + column] = Int32(truncatingIfNeeded: index)
            }
        }
    }
}
