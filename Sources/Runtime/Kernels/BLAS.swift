import COpenBLAS

/// The one door to OpenBLAS: row-major float32 matrix products on the calling thread.
enum BLAS {
    /// The plan's own threads split the work; OpenBLAS must never start any beside them.
    private static let singleThreaded: Void = openblas_set_num_threads(1)

    /// `c[m, n] = alpha · op(a)[m, k] · op(b)[k, n] + beta · c`; `beta` 0 overwrites whatever was
    /// in `c`. Extents and strides are below 2³¹ (checked where shapes become a plan).
    static func product(
        rows m: Int, columns n: Int, inner k: Int, alpha: Float = 1,
        _ a: UnsafePointer<Float>, stride lda: Int, transposeA: Bool = false,
        _ b: UnsafePointer<Float>, stride ldb: Int, transposeB: Bool = false,
        beta: Float = 0, into c: UnsafeMutablePointer<Float>, stride ldc: Int
    ) {
        guard m > 0, n > 0 else { return }
        guard k > 0 else {
            scale(c, rows: m, columns: n, stride: ldc, by: beta)
            return
        }
        _ = singleThreaded
        cblas_sgemm(
            CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans,
            transposeB ? CblasTrans : CblasNoTrans,
            blasint(truncatingIfNeeded: m), blasint(truncatingIfNeeded: n),
            blasint(truncatingIfNeeded: k), alpha,
            a, leading(lda, atLeast: transposeA ? m : k),
            b, leading(ldb, atLeast: transposeB ? k : n), beta,
            c, leading(ldc, atLeast: n))
    }

    /// A stride of a single row means nothing, but the library insists that it span the row.
    private static func leading(_ stride: Int, atLeast columns: Int) -> blasint {
        blasint(truncatingIfNeeded: max(stride, columns))
    }

    private static func scale(
        _ c: UnsafeMutablePointer<Float>, rows: Int, columns: Int, stride: Int, by beta: Float
    ) {
        for row in 0..<rows {
            let line = c + row * stride
            if beta == 0 {
                line.update(repeating: 0, count: columns)
            } else {
                mapRange(line, line, columns) { $0 * beta }
            }
        }
    }
}
