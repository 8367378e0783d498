import Foundation
import MartletIR
import MartletRuntime
import Testing

/// Shapes that meet every tail: nothing, one, primes, whole vectors, past a superblock.
let rowShapes = [(0, 5), (1, 1), (3, 7), (5, 16), (7, 31), (2, 64), (13, 100), (3, 257)]

@Suite struct KernelRowTests {
    @Test(arguments: rowShapes)
    func softmaxAndItsGradientMatchTheFormulas(rows: Int, columns: Int) {
        var sampler = Sampler(1)
        let x = Buffer(sampler.floats(rows * columns, -8...8))
        let dy = Buffer(sampler.floats(rows * columns))
        let (y, dx) = (Buffer(count: rows * columns), Buffer(count: rows * columns))
        let (logY, logDx) = (Buffer(count: rows * columns), Buffer(count: rows * columns))
        SoftmaxKernel.softmax(x: x.reading, y: y.pointer, rows: rows, columns: columns)
        SoftmaxKernel.softmaxGradient(
            y: y.reading, dy: dy.reading, dx: dx.pointer, rows: rows, columns: columns)
        SoftmaxKernel.logSoftmax(x: x.reading, y: logY.pointer, rows: rows, columns: columns)
        SoftmaxKernel.logSoftmaxGradient(
            y: logY.reading, dy: dy.reading, dx: logDx.pointer, rows: rows, columns: columns)
        var expected: [[Double]] = [[], [], [], []]
        for row in 0..<rows {
            let range = row * columns..<(row + 1) * columns
            let exponentials = x.doubles[range].map { exp($0) }
            let total = exponentials.reduce(0, +)
            let p = exponentials.map { $0 / total }
            let g = Array(dy.doubles[range])
            let dot = zip(p, g).reduce(0) { $0 + $1.0 * $1.1 }
            expected[0] += p
            expected[1] += zip(p, g).map { $0 * ($1 - dot) }
            expected[2] += p.map { log($0) }
            expected[3] += zip(p, g).map { $1 - $0 * g.reduce(0, +) }
        }
        for (buffer, values) in zip([y, dx, logY, logDx], expected) {
            #expect(largestError(buffer.values, values) < 4e-6)
            #expect(buffer.guardsHold)
        }
    }

    @Test(arguments: rowShapes)
    func crossEntropyAndItsGradientMatchTheFormulas(rows: Int, columns: Int) {
        var sampler = Sampler(2)
        let x = Buffer(sampler.floats(rows * columns, -20...20))
        let slopes = Buffer(sampler.floats(rows))
        let labels = (0..<rows).map { _ in Int32(sampler.integer(below: columns)) }
        let (loss, lse) = (Buffer(count: rows), Buffer(count: rows))
        let dx = Buffer(count: rows * columns)
        let bad = SoftmaxKernel.crossEntropy(
            logits: x.reading, labels: labels, loss: loss.pointer, logSumExp: lse.pointer,
            rows: rows, columns: columns)
        #expect(bad == nil)
        let badToo = SoftmaxKernel.crossEntropyGradient(
            logits: x.reading, labels: labels, logSumExp: lse.reading,
            lossGradient: slopes.reading, dlogits: dx.pointer, rows: rows, columns: columns)
        #expect(badToo == nil)
        var losses: [Double] = []
        var gradients: [Double] = []
        for row in 0..<rows {
            let logits = Array(x.doubles[row * columns..<(row + 1) * columns])
            let total = logits.map { exp($0) }.reduce(0, +)
            losses.append(log(total) - logits[Int(labels[row])])
            for (column, logit) in logits.enumerated() {
                let hit = column == Int(labels[row]) ? 1.0 : 0
                gradients.append((exp(logit) / total - hit) * slopes.doubles[row])
            }
        }
        #expect(largestError(loss.values, losses) < 4e-6)
        #expect(largestError(dx.values, gradients) < 4e-6)
        #expect(loss.guardsHold && lse.guardsHold && dx.guardsHold)
    }

    @Test(arguments: [Int64(-1), 5, .max, .min])
    func labelsOutOfRangeAreReportedNotRead(label: Int64) {
        let x = Buffer([Float](repeating: 1, count: 20))
        let labels: [Int64] = [0, 4, label, label]
        let (loss, lse) = (Buffer(count: 4), Buffer(count: 4))
        let dx = Buffer(count: 20)
        #expect(
            SoftmaxKernel.crossEntropy(
                logits: x.reading, labels: labels, loss: loss.pointer, logSumExp: lse.pointer,
                rows: 4, columns: 5) == 2)
        #expect(loss.values[1].isFinite && loss.values[2].isNaN)
        #expect(
            SoftmaxKernel.crossEntropyGradient(
                logits: x.reading, labels: labels, logSumExp: lse.reading, lossGradient: x.reading,
                lossGradientStride: 0, dlogits: dx.pointer, rows: 4, columns: 5) == 2)
        #expect(dx.guardsHold)
    }

    @Test(arguments: rowShapes, [0, 1, 2, 3])
    func layerNormForwardAndBackwardMatchTheFormulas(shape: (Int, Int), variant: Int) {
        let (rows, columns) = shape
        let count = rows * columns
        var sampler = Sampler(3)
        let (x, residual) = (Buffer(sampler.floats(count, -3...5)), Buffer(sampler.floats(count)))
        let (scale, offset) = (Buffer(sampler.floats(columns)), Buffer(sampler.floats(columns)))
        let dy = Buffer(sampler.floats(count))
        let hasResidual = variant & 1 == 1
        let rate = variant & 2 == 2 ? 0.25 : 0
        let isAffine = variant != 1
        let firstRow = 1000
        let epsilon = 1e-3
        let (y, sum, dh) = (Buffer(count: count), Buffer(count: count), Buffer(count: count))
        let (mean, rstd) = (Buffer(count: rows), Buffer(count: rows))
        let (dScale, dOffset) = (Buffer(count: columns), Buffer(count: columns))
        LayerNormKernel.forward(
            LayerNormKernel.Operands(
                x: x.reading, residual: hasResidual ? residual.reading : nil,
                dropout: rate > 0 ? DropoutMask(rate: rate, seed: 1, stream: 2, step: 3) : nil,
                firstRow: firstRow, scale: isAffine ? scale.reading : nil,
                offset: isAffine ? offset.reading : nil, epsilon: Float(epsilon)),
            LayerNormKernel.Results(
                y: y.pointer, sum: sum.pointer, mean: mean.pointer, rstd: rstd.pointer),
            rows: rows, columns: columns)
        LayerNormKernel.backward(
            LayerNormKernel.Saved(
                sum: sum.reading, mean: mean.reading, rstd: rstd.reading,
                scale: isAffine ? scale.reading : nil),
            dy: dy.reading, dh: dh.pointer, rows: rows, columns: columns,
            scalePartial: dScale.pointer, offsetPartial: dOffset.pointer)

        var (ys, dhs) = ([Double](), [Double]())
        var scales = [Double](repeating: 0, count: columns)
        var offsets = scales
        for row in 0..<rows {
            let h = (0..<columns).map { c -> Double in
                let i = row * columns + c
                let factor =
                    rate == 0
                    ? 1
                    : dropoutFactor(
                        row: firstRow + row, column: c, columns: columns, rate: rate, seed: 1,
                        stream: 2, step: 3)
                return x.doubles[i] * Double(factor) + (hasResidual ? residual.doubles[i] : 0)
            }
            let m = h.reduce(0, +) / Double(columns)
            let v = h.reduce(0) { $0 + ($1 - m) * ($1 - m) } / Double(columns)
            let r = 1 / (v + epsilon).squareRoot()
            let n = h.map { ($0 - m) * r }
            let g = (0..<columns).map { c in
                dy.doubles[row * columns + c] * (isAffine ? scale.doubles[c] : 1)
            }
            let first = g.reduce(0, +) / Double(columns)
            let second = zip(g, n).reduce(0) { $0 + $1.0 * $1.1 } / Double(columns)
            for c in 0..<columns {
                ys.append(isAffine ? n[c] * scale.doubles[c] + offset.doubles[c] : n[c])
                dhs.append(r * (g[c] - first - n[c] * second))
                scales[c] += dy.doubles[row * columns + c] * n[c]
                offsets[c] += dy.doubles[row * columns + c]
            }
        }
        #expect(largestError(y.values, ys) < 2e-5)
        #expect(largestError(dh.values, dhs) < 1e-4)
        #expect(largestError(dScale.values, scales) < 2e-5)
        #expect(largestError(dOffset.values, offsets) < 2e-5)
        for buffer in [y, sum, dh, mean, rstd, dScale, dOffset] { #expect(buffer.guardsHold) }
    }

    @Test func aConstantRowNormalizesToItsOffset() {
        let x = Buffer(count: 40, fill: 1e6)
        let y = Buffer(count: 40)
        LayerNormKernel.forward(
            LayerNormKernel.Operands(x: x.reading, epsilon: 1e-3),
            LayerNormKernel.Results(y: y.pointer), rows: 1, columns: 40)
        #expect(y.values.allSatisfy { $0 == 0 })
    }

    static let activations = BiasActivation.Activation.allCases

    @Test(arguments: activations, rowShapes)
    func activationsAndSlopesMatchTheFormulas(
        activation: BiasActivation.Activation, shape: (Int, Int)
    ) {
        let (rows, columns) = shape
        var sampler = Sampler(4)
        let x = Buffer(sampler.floats(rows * columns, -6...6))
        let bias = Buffer(sampler.floats(columns))
        let dy = Buffer(sampler.floats(rows * columns))
        let (y, dx) = (Buffer(count: rows * columns), Buffer(count: rows * columns))
        func function(_ u: Double) -> Double {
            switch activation {
            case .identity: u
            case .relu: max(u, 0)
            case .tanh: tanh(u)
            case .logistic: 1 / (1 + exp(-u))
            case .silu: u / (1 + exp(-u))
            case .gelu: 0.5 * u * (1 + erf(u / 2.squareRoot()))
            case .geluApproximate:
                0.5 * u * (1 + tanh((2 / Double.pi).squareRoot() * (u + 0.044715 * u * u * u)))
            }
        }
        for hasBias in [true, false] {
            ActivationKernel.forward(
                activation, x: x.reading, bias: hasBias ? bias.reading : nil, y: y.pointer,
                rows: rows, columns: columns)
            let saved = activation.hasSlopeFromResult ? y.reading : x.reading
            ActivationKernel.backward(
                activation, dy: dy.reading, saved: saved, bias: hasBias ? bias.reading : nil,
                dx: dx.pointer, rows: rows, columns: columns)
            let u = (0..<rows * columns).map {
                x.doubles[$0] + (hasBias ? bias.doubles[$0 % columns] : 0)
            }
            let step = 1e-5
            let slopes = u.map { (function($0 + step) - function($0 - step)) / (2 * step) }
            #expect(largestError(y.values, u.map(function)) < 2e-6)
            #expect(largestError(dx.values, zip(dy.doubles, slopes).map { $0 * $1 }) < 4e-6)
            #expect(y.guardsHold && dx.guardsHold)
        }
    }

    @Test(arguments: activations)
    func activationsTakeAnythingWithoutTrapping(activation: BiasActivation.Activation) {
        let x = Buffer([
            .infinity, -.infinity, .nan, 3e38, -3e38, .leastNonzeroMagnitude, 0, -0.0, 100, -100,
        ])
        let ones = Buffer(count: 10, fill: 1)
        let (y, dx) = (Buffer(count: 10), Buffer(count: 10))
        ActivationKernel.forward(
            activation, x: x.reading, bias: nil, y: y.pointer, rows: 1, columns: 10)
        ActivationKernel.backward(
            activation, dy: ones.reading,
            saved: activation.hasSlopeFromResult ? y.reading : x.reading, bias: nil,
            dx: dx.pointer, rows: 1, columns: 10)
        #expect(y.values[2].isNaN)
        #expect(dx.values[3...].allSatisfy { $0.isFinite })
    }

    @Test(arguments: [0, 1, 2, 3, 7, 64])
    func treeSumsAddEveryPartialOnce(count: Int) {
        var sampler = Sampler(5)
        let width = 37
        let partials = Buffer(sampler.floats(count * width))
        let expected = (0..<width).map { c in
            (0..<count).reduce(0) { $0 + partials.doubles[$1 * width + c] }
        }
        let out = Buffer(count: width)
        let parts = Partition(extent: width, size: 10)
        for part in 0..<parts.count {
            TreeSum.combine(
                partials.pointer, count: count, stride: width, range: parts.range(part),
                into: out.pointer)
        }
        #expect(largestError(out.values, expected) < 1e-6)
        #expect(out.guardsHold && partials.guardsHold)
    }

    @Test func partitionsCoverTheirExtentOnce() {
        for extent in [0, 1, 15, 16, 17, 1000] {
            for size in [0, 1, 16, 999, 5000] {
                let parts = Partition(extent: extent, size: size)
                let covered = (0..<parts.count).flatMap { parts.range($0) }
                #expect(covered == Array(0..<extent))
            }
        }
    }

    @Test(arguments: rowShapes)
    func columnSumsMatch(rows: Int, columns: Int) {
        var sampler = Sampler(6)
        let x = Buffer(sampler.floats(rows * columns))
        let sums = Buffer(count: columns)
        ColumnSumKernel.partial(
            x: x.reading, rows: rows, columns: columns, partial: sums.pointer)
        let expected = (0..<columns).map { c in
            (0..<rows).reduce(0) { $0 + x.doubles[$1 * columns + c] }
        }
        #expect(largestError(sums.values, expected) < 1e-6)
        #expect(sums.guardsHold)
    }
}
