import Foundation
import MartletCodegen
import Testing

@Suite struct ClusterTests {
    /// gelu(a·b + c) with c broadcast along the middle axis and b along the last.
    @Test(arguments: [[1, 1, 1], [3, 5, 7], [2, 3, 64], [4, 1, 33]], Backend.allCases)
    func broadcasts(_ shape: [Int], _ backend: Backend) throws {
        var e = Expression()
        let product = e.multiplyAdd(e.operand(0), e.operand(1), e.operand(2))
        let node = e.append(.activation(.gelu, product))
        let (m, n) = (shape[1], shape[2])
        let cluster = ElementwiseCluster(
            shape: [.parameter("rows", atMost: 9), .constant(m), .constant(n)],
            operands: [
                ClusterOperand(strides: [m * n, n, 1]), ClusterOperand(strides: [m, 1, 0]),
                ClusterOperand(strides: [n, 0, 1]),
            ],
            expression: e, results: [ClusterResult(node, strides: [m * n, n, 1])])
        var generator = Generator(UInt64(n))
        let count = shape.reduce(1, *)
        let (a, b) = (generator.floats(count), generator.floats(shape[0] * m))
        let c = generator.floats(shape[0] * n)
        let arrays = Arrays()
        for operand in [a, b, c] { arrays.add(operand) }
        arrays.add(a.map { _ in Float.nan })
        try arrays.run(
            cluster.lower(to: backend.isa), on: backend, parameters: [Int64(shape[0])])
        let expected = (0..<count).map { index in
            let (i, k) = (index / (m * n), index % n)
            let x = Double(a[index]) * Double(b[index / n]) + Double(c[i * n + k])
            return x / 2 * (1 + erf(x / 2.0.squareRoot()))
        }
        #expect(largestError(arrays.floats(3), expected) < 2e-6)
    }

    /// A transposed operand makes the last axis scalar.
    @Test(arguments: Backend.allCases)
    func transposedOperand(backend: Backend) throws {
        var e = Expression()
        let difference = e.binary(.subtract, e.operand(0), e.operand(1))
        let (m, n) = (5, 19)
        let cluster = ElementwiseCluster(
            shape: [.constant(m), .constant(n)],
            operands: [
                ClusterOperand(strides: [1, m]), ClusterOperand(.int32, strides: [n, 1]),
            ],
            expression: e, results: [ClusterResult(difference, strides: [n, 1])])
        var generator = Generator(2)
        let a = generator.floats(m * n)
        let b = (0..<m * n).map { Int32($0 - 40) }
        let arrays = Arrays()
        arrays.add(a)
        arrays.add(b)
        arrays.add(a.map { _ in Float.nan })
        try arrays.run(cluster.lower(to: backend.isa), on: backend)
        #expect(
            arrays.floats(2)
                == (0..<m * n).map { a[$0 % n * m + $0 / n] - Float(b[$0]) })
    }

    struct ReductionCase: Sendable {
        var shape: [Int]
        var axes: Set<Int>
        var reduction: Reduction
    }

    static let reductions = [
        ReductionCase(shape: [7, 37], axes: [1], reduction: .sum),
        ReductionCase(shape: [7, 37], axes: [1], reduction: .maximum),
        ReductionCase(shape: [41, 70], axes: [0], reduction: .sum),
        ReductionCase(shape: [3, 5, 21], axes: [1], reduction: .minimum),
        ReductionCase(shape: [3, 5, 21], axes: [0, 2], reduction: .sum),
        ReductionCase(shape: [6, 11], axes: [0, 1], reduction: .sum),
    ]

    @Test(arguments: reductions, Backend.allCases)
    func reduces(_ test: ReductionCase, _ backend: Backend) throws {
        let strides = test.shape.indices.map { test.shape[($0 + 1)...].reduce(1, *) }
        let kept = test.shape.indices.filter { !test.axes.contains($0) }
        let resultStrides = test.shape.indices.map { axis in
            test.axes.contains(axis)
                ? 0 : kept.filter { $0 > axis }.reduce(1) { $0 * test.shape[$1] }
        }
        var e = Expression()
        let square = e.binary(.multiply, e.operand(0), e.operand(0))
        let cluster = ElementwiseCluster(
            shape: test.shape.map { .constant($0) },
            operands: [ClusterOperand(strides: strides)], expression: e,
            results: [ClusterResult(square, strides: resultStrides)],
            reduction: test.reduction, reducedAxes: test.axes)
        var generator = Generator(4)
        let x = generator.floats(test.shape.reduce(1, *))
        let arrays = Arrays()
        arrays.add(x)
        let count = kept.reduce(1) { $0 * test.shape[$1] }
        arrays.add([Float](repeating: .nan, count: count))
        try arrays.run(cluster.lower(to: backend.isa), on: backend)
        var groups = [[Double]](repeating: [], count: count)
        for index in x.indices {
            let place = test.shape.indices.reduce(0) { sum, axis in
                sum + index / strides[axis] % test.shape[axis] * resultStrides[axis]
            }
            groups[place].append(Double(x[index]) * Double(x[index]))
        }
        let expected = groups.map { group in
            switch test.reduction {
            case .sum: group.reduce(0, +)
            case .maximum: group.max() ?? 0
            case .minimum: group.min() ?? 0
            }
        }
        #expect(largestError(arrays.floats(1), expected) < 2e-6)
    }

    /// A column sum (a bias gradient) over an unknown number of rows, in chunks.
    @Test(arguments: [1, 16, 37], Backend.allCases)
    func sumsColumnsInChunks(rows: Int, backend: Backend) throws {
        let columns = 67
        var e = Expression()
        let x = e.operand(0)
        let cluster = ElementwiseCluster(
            shape: [.parameter("rows", atMost: 64), .constant(columns)],
            operands: [ClusterOperand(strides: [columns, 1])], expression: e,
            results: [ClusterResult(x, strides: [0, 1])], reduction: .sum, reducedAxes: [0],
            reductionChunk: 16, chunkStride: columns)
        var generator = Generator(5)
        let values = generator.floats(rows * columns)
        let chunks = (rows + 15) / 16
        let arrays = Arrays()
        arrays.add(values)
        arrays.add([Float](repeating: .nan, count: chunks * columns))
        try arrays.run(
            cluster.lower(to: backend.isa), on: backend, parameters: [Int64(rows)])
        let expected = (0..<chunks * columns).map { index in
            let first = index / columns * 16
            return (first..<min(first + 16, rows)).reduce(0.0) {
                $0 + Double(values[$1 * columns + index % columns])
            }
        }
        #expect(largestError(arrays.floats(1), expected) < 2e-6)
    }

    @Test(arguments: Backend.allCases)
    func adamInPlace(backend: Backend) throws {
        let count = 77
        var generator = Generator(6)
        let (p, m, g) = (
            generator.floats(count), generator.floats(count), generator.floats(count)
        )
        let v = generator.floats(count, 0...1)
        let cluster = AdamFormula(hasScale: true, hasDecay: true).sweep(count: .constant(count))
        let arrays = Arrays()
        for tensor in [p, g, m, v, [0.01], [1e-7], [0.5], [0.002], p, m, v] { arrays.add(tensor) }
        try arrays.run(cluster.lower(to: backend.isa), on: backend)
        for index in 0..<count {
            let gradient = Double(g[index]) * 0.5
            let newM = Double(m[index]) + (gradient - Double(m[index])) * 0.1
            let newV = Double(v[index]) + (gradient * gradient - Double(v[index])) * 0.001
            let decayed = Double(p[index]) * (1 - 0.002)
            let newP = decayed - 0.01 * newM / (newV.squareRoot() + 1e-7)
            #expect(abs(Double(arrays.floats(8)[index]) - newP) < 1e-6)
            #expect(abs(Double(arrays.floats(9)[index]) - newM) < 1e-6)
            #expect(abs(Double(arrays.floats(10)[index]) - newV) < 1e-6)
        }
    }

    @Test(arguments: [Float(0), 0.9], Backend.compiled)
    func gradientDescent(momentum: Float, backend: Backend) throws {
        let formula = GradientDescentFormula(momentum: momentum, isNesterov: momentum != 0)
        let arrays = Arrays()
        let (p, g, b): ([Float], [Float], [Float]) = ([1, 2, 3], [0.5, -1, 2], [1, 1, 1])
        for tensor in momentum == 0 ? [p, g, [0.1], p] : [p, g, [0.1], b, p, b] {
            arrays.add(tensor)
        }
        try arrays.run(formula.sweep(count: 3).lower(to: backend.isa), on: backend)
        let mu = Double(momentum)
        let expected = (0..<3).map { index in
            let step = 0.1 * Double(g[index])
            let velocity = mu * Double(b[index]) - step
            return Double(p[index]) + (mu == 0 ? -step : mu * velocity - step)
        }
        #expect(largestError(arrays.floats(momentum == 0 ? 3 : 4), expected) < 1e-6)
    }

    @Test func refusesStridesOfAnotherRank() {
        var e = Expression()
        let x = e.operand(0)
        let cluster = ElementwiseCluster(
            shape: [2, 3], operands: [ClusterOperand(strides: [1])], expression: e,
            results: [ClusterResult(x, strides: [3, 1])])
        let error = #expect(throws: CodegenError.self) { try cluster.lower(to: .avx2) }
        #expect(error?.description == "cluster: 1 strides for a tensor of rank 2")
    }
}
