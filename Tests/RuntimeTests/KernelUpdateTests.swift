import Foundation
import MartletRuntime
import Testing

@Suite struct KernelUpdateTests {
    @Test(arguments: [0.0, 0.01])
    func adamFollowsKeras(decay: Double) {
        let count = 37
        var sampler = Sampler(1)
        let w = Buffer(sampler.floats(count))
        let (m, v) = (Buffer(count: count, fill: 0), Buffer(count: count, fill: 0))
        var (ew, em, ev) = (
            w.doubles, [Double](repeating: 0, count: count), [Double](repeating: 0, count: count)
        )
        for t in 1...5 {
            let g = Buffer(sampler.floats(count))
            let step = OptimizerKernel.Adam.stepSize(
                learningRate: 0.01, beta1: 0.9, beta2: 0.999, update: t)
            OptimizerKernel.adam(
                OptimizerKernel.Adam(
                    stepSize: Float(step), beta1: 0.9, beta2: 0.999, epsilon: 1e-7,
                    decay: Float(decay)),
                weights: w.pointer, gradients: g.reading, m: m.pointer, v: v.pointer, count: count)
            let alpha = 0.01 * (1 - pow(0.999, Double(t))).squareRoot() / (1 - pow(0.9, Double(t)))
            for i in 0..<count {
                let gradient = g.doubles[i]
                ew[i] -= ew[i] * decay
                em[i] += (gradient - em[i]) * 0.1
                ev[i] += (gradient * gradient - ev[i]) * 0.001
                ew[i] -= alpha * em[i] / (ev[i].squareRoot() + 1e-7)
            }
        }
        #expect(largestError(w.values, ew) < 1e-6)
        #expect(largestError(m.values, em) < 1e-6)
        #expect(largestError(v.values, ev) < 1e-6)
        #expect(w.guardsHold && m.guardsHold && v.guardsHold)
    }

    @Test(arguments: [(0.0, false), (0.9, false), (0.9, true)], [0.0, 0.01])
    func gradientDescentFollowsKeras(kind: (Double, Bool), decay: Double) {
        let (momentum, isNesterov) = kind
        let count = 19
        var sampler = Sampler(2)
        let w = Buffer(sampler.floats(count))
        let velocity = Buffer(count: count, fill: 0)
        var (ew, ev) = (w.doubles, [Double](repeating: 0, count: count))
        for _ in 0..<4 {
            let g = Buffer(sampler.floats(count))
            OptimizerKernel.sgd(
                OptimizerKernel.SGD(
                    learningRate: 0.1, momentum: Float(momentum), isNesterov: isNesterov,
                    decay: Float(decay)),
                weights: w.pointer, gradients: g.reading,
                velocity: momentum > 0 ? velocity.pointer : nil, count: count)
            for i in 0..<count {
                ew[i] -= ew[i] * decay
                ev[i] = momentum * ev[i] - 0.1 * g.doubles[i]
                ew[i] += isNesterov ? momentum * ev[i] - 0.1 * g.doubles[i] : ev[i]
            }
        }
        #expect(largestError(w.values, ew) < 1e-6)
        #expect(w.guardsHold && velocity.guardsHold)
    }

    @Test(arguments: [1, 7, 32], [0, 1, 50])
    func embeddingGathersAndScatters(width: Int, count: Int) {
        let rowCount = 150
        var sampler = Sampler(3)
        let table = Buffer(sampler.floats(rowCount * width))
        // Few different ids, so that many meet in one row.
        let ids = (0..<count).map { _ in Int32(sampler.integer(below: 12) * 13) }
        let out = Buffer(count: count * width)
        #expect(
            EmbeddingKernel.gather(
                table: table.reading, rowCount: rowCount, width: width, ids: ids, count: count,
                zero: 0, out: out.pointer) == nil)
        let expected = ids.flatMap { id in
            table.values[Int(id) * width..<(Int(id) + 1) * width]
        }
        #expect(out.values == expected)
        let gradient = Buffer(count: rowCount * width)
        let parts = EmbeddingKernel.scatterParts(rowCount: rowCount)
        #expect(parts.count > 1)
        for part in 0..<parts.count {
            EmbeddingKernel.scatterAdd(
                dy: out.reading, ids: ids, count: count, width: width, rows: parts.range(part),
                clears: true, gradient: gradient.pointer)
        }
        var sums = [Double](repeating: 0, count: rowCount * width)
        for (position, id) in ids.enumerated() {
            for c in 0..<width { sums[Int(id) * width + c] += out.doubles[position * width + c] }
        }
        #expect(largestError(gradient.values, sums) < 1e-6)
        #expect(out.guardsHold && gradient.guardsHold)
    }

    @Test(arguments: [Int64(-1), 10, .min, .max])
    func idsOutOfRangeAreReportedNotRead(id: Int64) {
        let table = Buffer(count: 20, fill: 1)
        let out = Buffer(count: 8)
        let ids = [3, id, 9, id]
        #expect(
            EmbeddingKernel.gather(
                table: table.reading, rowCount: 10, width: 2, ids: ids, count: 4, zero: 0,
                out: out.pointer) == 1)
        #expect(out.values == [1, 1, 0, 0, 1, 1, 0, 0])
        let gradient = Buffer(count: 20)
        EmbeddingKernel.scatterAdd(
            dy: table.reading, ids: ids, count: 4, width: 2, rows: 0..<10, clears: true,
            gradient: gradient.pointer)
        #expect(gradient.values.reduce(0, +) == 4)
        #expect(gradient.guardsHold)
    }
}
