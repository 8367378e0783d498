import MartletRuntime
import Testing

struct MatmulCase: Sendable, CustomStringConvertible {
    var batch = 1
    var rows: Int
    var columns: Int
    var inner: Int
    var transposeA = false
    var transposeB = false
    var alpha: Float = 1
    var beta: Float = 0
    var pad = 0

    var description: String { "\(batch)×\(rows)×\(columns)×\(inner)" }
}

@Suite struct KernelMatmulTests {
    static let cases: [MatmulCase] = [
        MatmulCase(rows: 1, columns: 1, inner: 1),
        MatmulCase(rows: 0, columns: 3, inner: 2),
        MatmulCase(rows: 3, columns: 0, inner: 2),
        MatmulCase(rows: 3, columns: 4, inner: 0),
        MatmulCase(rows: 3, columns: 4, inner: 0, beta: 0.5, pad: 2),
        MatmulCase(rows: 7, columns: 5, inner: 3, transposeA: true, pad: 3),
        MatmulCase(rows: 7, columns: 5, inner: 3, transposeB: true, alpha: 2, beta: 1, pad: 1),
        MatmulCase(rows: 17, columns: 31, inner: 13, transposeA: true, transposeB: true),
        MatmulCase(batch: 9, rows: 5, columns: 6, inner: 7, pad: 2),
        MatmulCase(batch: 0, rows: 5, columns: 6, inner: 7),
        MatmulCase(rows: 700, columns: 67, inner: 90),
        MatmulCase(rows: 130, columns: 700, inner: 40, transposeB: true, pad: 5),
        MatmulCase(rows: 700, columns: 67, inner: 90, transposeA: true, beta: 1),
        MatmulCase(rows: 32, columns: 33, inner: 5000, transposeA: true),
        MatmulCase(rows: 5, columns: 9, inner: 2051, transposeB: true, alpha: 0.5, beta: 2, pad: 4),
    ]

    @Test(arguments: cases)
    func productsMatchTheFormula(_ problem: MatmulCase) {
        var sampler = Sampler(1)
        let (m, n, k) = (problem.rows, problem.columns, problem.inner)
        func layout(_ rows: Int, _ columns: Int, _ isTransposed: Bool) -> MatmulKernel.Layout {
            let stride = (isTransposed ? rows : columns) + problem.pad
            return MatmulKernel.Layout(
                stride: stride, batchStride: (isTransposed ? columns : rows) * stride + 3,
                isTransposed: isTransposed)
        }
        let (aLayout, bLayout) = (
            layout(m, k, problem.transposeA), layout(k, n, problem.transposeB)
        )
        let cLayout = layout(m, n, false)
        let a = Buffer(sampler.floats(problem.batch * aLayout.batchStride + 1))
        let b = Buffer(sampler.floats(problem.batch * bLayout.batchStride + 1))
        // Where beta is 0, what lay in c must not matter.
        let c = Buffer(
            problem.beta == 0
                ? [Float](repeating: .nan, count: problem.batch * cLayout.batchStride)
                : sampler.floats(problem.batch * cLayout.batchStride))
        let kernel = MatmulKernel(
            batch: problem.batch, rows: m, columns: n, inner: k, a: aLayout, b: bLayout,
            c: cLayout, alpha: problem.alpha, beta: problem.beta)

        var expected = c.doubles
        let (av, bv) = (a.doubles, b.doubles)
        for p in 0..<problem.batch {
            for i in 0..<m {
                for j in 0..<n {
                    var sum = 0.0
                    for l in 0..<k {
                        let left =
                            problem.transposeA
                            ? l * aLayout.stride + i
                            : i * aLayout.stride + l
                        let right =
                            problem.transposeB
                            ? j * bLayout.stride + l
                            : l * bLayout.stride + j
                        sum +=
                            av[p * aLayout.batchStride + left] * bv[p * bLayout.batchStride + right]
                    }
                    let index = p * cLayout.batchStride + i * cLayout.stride + j
                    let old = problem.beta == 0 ? 0 : expected[index] * Double(problem.beta)
                    expected[index] = sum * Double(problem.alpha) + old
                }
            }
        }
        let scratch = Buffer(count: kernel.scratchByteCount / 4)
        for part in (0..<kernel.partCount).reversed() {
            kernel.run(
                part: part, a.reading, b.reading, into: c.pointer, scratch: scratch.pointer)
        }
        for part in 0..<kernel.combineParts.count {
            kernel.combine(part: part, scratch: scratch.pointer, into: c.pointer)
        }
        #expect(largestError(c.values, expected) < 2e-5)
        #expect(c.guardsHold && scratch.guardsHold)
    }

    @Test func longAndLargeProductsAreCut() {
        func kernel(_ m: Int, _ n: Int, _ k: Int, _ batch: Int = 1) -> MatmulKernel {
            MatmulKernel(
                batch: batch, rows: m, columns: n, inner: k, a: .init(stride: k),
                b: .init(stride: n), c: .init(stride: n))
        }
        #expect(kernel(32, 96, 32768).isChunked)
        #expect(kernel(32768, 96, 32).partCount == 64)
        #expect(kernel(128, 768, 3072).partCount >= 6)
        #expect(kernel(4, 4, 4).partCount == 1)
        #expect(kernel(4, 4, 4, 1000).partCount == 1)
        #expect(kernel(256, 256, 32, 256).partCount >= 256)
    }
}
