import Foundation
import MartletRuntime
import Testing

/// One attention problem with everything needed to run it both ways.
struct AttentionCase: CustomStringConvertible, Sendable {
    var queries: Int
    var keys: Int
    var dimension: Int
    var valueDimension: Int?
    var causalOffset: Int?
    var keyMask = false
    var queryMask = false
    var mask = false
    var sharedMaskRow = false
    var allHidden = false
    var rule = FullyMaskedRows.uniform
    var rate = 0.0
    var spread: Float = 1

    var description: String {
        "T\(queries) S\(keys) d\(dimension) \(keyMask ? "keys " : "")\(mask ? "mask " : "")"
            + "\(causalOffset.map { "causal\($0) " } ?? "")\(rule) rate \(rate)"
    }

    var shape: AttentionShape {
        AttentionShape(
            queries: queries, keys: keys, dimension: dimension, valueDimension: valueDimension,
            scale: 1 / Float(dimension).squareRoot(), isCausal: causalOffset != nil,
            causalOffset: causalOffset ?? 0, fullyMaskedRows: rule)
    }
}

/// The same attention in Double with every matrix written out.
struct NaiveAttention {
    var probabilities: [[Double]] = []
    var output: [Double] = []
    var logSumExp: [Double] = []
    var queryGradient: [Double] = []
    var keyGradient: [Double] = []
    var valueGradient: [Double] = []

    init(
        _ shape: AttentionShape, q: [Double], k: [Double], v: [Double], outputGradient: [Double],
        shown: (Int, Int) -> Bool, factor: (Int, Int) -> Double
    ) {
        let (d, e) = (shape.dimension, shape.valueDimension)
        let scale = Double(shape.scale)
        queryGradient = [Double](repeating: 0, count: shape.queries * d)
        keyGradient = [Double](repeating: 0, count: shape.keys * d)
        valueGradient = [Double](repeating: 0, count: shape.keys * e)
        for t in 0..<shape.queries {
            let visible = (0..<shape.keys).filter { shown(t, $0) }
            var p = [Double](repeating: 0, count: shape.keys)
            let scores = (0..<shape.keys).map { s in
                scale * (0..<d).reduce(0) { $0 + q[t * d + $1] * k[s * d + $1] }
            }
            if visible.isEmpty {
                logSumExp.append(shape.keys == 0 ? -.infinity : -1e30)
                if shape.fullyMaskedRows == .uniform {
                    p = p.map { _ in 1 / Double(shape.keys) }
                }
            } else {
                let top = visible.map { scores[$0] }.max() ?? 0
                let total = visible.reduce(0) { $0 + exp(scores[$1] - top) }
                for s in visible { p[s] = exp(scores[s] - top) / total }
                logSumExp.append(top + log(total))
            }
            probabilities.append(p)
            for c in 0..<e {
                output.append(
                    (0..<shape.keys).reduce(0) { $0 + p[$1] * factor(t, $1) * v[$1 * e + c] })
            }
            let dp = (0..<shape.keys).map { s in
                factor(t, s) * (0..<e).reduce(0) { $0 + outputGradient[t * e + $1] * v[s * e + $1] }
            }
            let delta = (0..<shape.keys).reduce(0) { $0 + p[$1] * dp[$1] }
            for s in 0..<shape.keys {
                let ds = visible.isEmpty ? 0 : p[s] * (dp[s] - delta) * scale
                for c in 0..<d {
                    queryGradient[t * d + c] += ds * k[s * d + c]
                    keyGradient[s * d + c] += ds * q[t * d + c]
                }
                for c in 0..<e {
                    valueGradient[s * e + c] += p[s] * factor(t, s) * outputGradient[t * e + c]
                }
            }
        }
    }
}

@Suite struct KernelAttentionTests {
    static let cases: [AttentionCase] = [
        AttentionCase(queries: 1, keys: 1, dimension: 1),
        AttentionCase(queries: 7, keys: 5, dimension: 3),
        AttentionCase(queries: 64, keys: 64, dimension: 32),
        AttentionCase(queries: 131, keys: 67, dimension: 17, valueDimension: 5, spread: 4),
        AttentionCase(queries: 3, keys: 300, dimension: 256),
        AttentionCase(queries: 0, keys: 5, dimension: 4),
        AttentionCase(queries: 5, keys: 0, dimension: 4),
        AttentionCase(queries: 33, keys: 33, dimension: 8, causalOffset: 0),
        AttentionCase(queries: 150, keys: 150, dimension: 8, causalOffset: 0, rate: 0.4),
        AttentionCase(queries: 5, keys: 21, dimension: 8, causalOffset: 16),
        AttentionCase(queries: 9, keys: 6, dimension: 8, causalOffset: -3),
        AttentionCase(queries: 9, keys: 6, dimension: 8, causalOffset: -3, rule: .zero),
        AttentionCase(queries: 4, keys: 4, dimension: 2, causalOffset: .max),
        AttentionCase(queries: 20, keys: 37, dimension: 16, keyMask: true),
        AttentionCase(queries: 20, keys: 37, dimension: 16, keyMask: true, allHidden: true),
        AttentionCase(
            queries: 20, keys: 37, dimension: 16, keyMask: true, allHidden: true, rule: .zero),
        AttentionCase(
            queries: 20, keys: 37, dimension: 16, keyMask: true, allHidden: true, rate: 0.5),
        AttentionCase(queries: 20, keys: 37, dimension: 16, queryMask: true, rule: .zero),
        AttentionCase(queries: 20, keys: 37, dimension: 16, mask: true, rate: 0.1),
        AttentionCase(queries: 20, keys: 37, dimension: 16, mask: true, sharedMaskRow: true),
        AttentionCase(
            queries: 40, keys: 40, dimension: 7, causalOffset: 0, keyMask: true, queryMask: true,
            mask: true, rule: .zero, rate: 0.25),
        AttentionCase(queries: 65, keys: 100, dimension: 8, rate: 0.1),
        AttentionCase(queries: 30, keys: 50, dimension: 8, rate: 1),
        AttentionCase(queries: 30, keys: 50, dimension: 8, spread: 40),
    ]

    @Test(arguments: cases)
    func forwardAndBackwardMatchTheWrittenOutFormulas(_ problem: AttentionCase) {
        var sampler = Sampler(11)
        let shape = problem.shape
        let (T, S, d, e) = (shape.queries, shape.keys, shape.dimension, shape.valueDimension)
        let range = -problem.spread...problem.spread
        // Columns beside the head's own, as in a fused projection.
        let pad = 3
        func widened(_ rows: Int, _ columns: Int) -> Buffer {
            Buffer(sampler.floats(rows * (columns + pad), range))
        }
        func own(_ buffer: Buffer, _ rows: Int, _ columns: Int) -> [Float] {
            let values = buffer.values
            return (0..<rows).flatMap { r in
                values[r * (columns + pad)..<r * (columns + pad) + columns]
            }
        }
        let (q, k, v, dO) = (widened(T, d), widened(S, d), widened(S, e), widened(T, e))
        let keyMask =
            problem.allHidden
            ? [UInt8](repeating: 0, count: S)
            : sampler.bytes(S, zeroOneIn: 3)
        let queryMask = sampler.bytes(T, zeroOneIn: 4)
        let mask = sampler.bytes(problem.sharedMaskRow ? S : T * S, zeroOneIn: 2)
        let stride = problem.sharedMaskRow ? 0 : S
        let dropout =
            problem.rate > 0
            ? DropoutMask(rate: problem.rate, seed: 5, stream: 6, step: 7) : nil
        let firstScoreRow = 3 * T

        let naive = NaiveAttention(
            shape, q: own(q, T, d).map(Double.init), k: own(k, S, d).map(Double.init),
            v: own(v, S, e).map(Double.init), outputGradient: own(dO, T, e).map(Double.init),
            shown: { t, s in
                (!problem.keyMask || keyMask[s] != 0) && (!problem.queryMask || queryMask[t] != 0)
                    && (!problem.mask || mask[t * stride + s] != 0)
                    && (problem.causalOffset.map { s - t <= $0 } ?? true)
            },
            factor: { t, s in
                problem.rate == 0
                    ? 1
                    : problem.rate == 1
                        ? 0
                        : Double(
                            dropoutFactor(
                                row: firstScoreRow + t, column: s, columns: S, rate: problem.rate,
                                seed: 5,
                                stream: 6, step: 7))
            })

        let output = Buffer(count: T * (e + pad))
        let logSumExp = Buffer(count: T)
        let probabilities = Buffer(count: T * S)
        let (dq, dk, dv) = (
            Buffer(count: T * (d + pad)), Buffer(count: S * (d + pad)), Buffer(count: S * (e + pad))
        )
        let forwardScratch = Buffer(count: shape.forwardScratchByteCount / 4)
        let backwardScratch = Buffer(count: shape.backwardScratchByteCount / 4)
        keyMask.withUnsafeBufferPointer { keyMask in
            queryMask.withUnsafeBufferPointer { queryMask in
                mask.withUnsafeBufferPointer { mask in
                    let operands = AttentionOperands(
                        query: Rows(q.reading, stride: d + pad),
                        key: Rows(k.reading, stride: d + pad),
                        value: Rows(v.reading, stride: e + pad),
                        keyMask: problem.keyMask ? keyMask.baseAddress : nil,
                        queryMask: problem.queryMask ? queryMask.baseAddress : nil,
                        mask: problem.mask ? mask.baseAddress : nil, maskStride: stride,
                        dropout: dropout, firstScoreRow: firstScoreRow)
                    // Two parts, as two threads would take them.
                    for part in [0..<(T / 3), (T / 3)..<T] {
                        AttentionKernel.forward(
                            shape, operands, queries: part,
                            output: MutableRows(output.pointer, stride: e + pad),
                            logSumExp: logSumExp.pointer,
                            probabilities: MutableRows(probabilities.pointer, stride: S),
                            scratch: forwardScratch.pointer)
                    }
                    AttentionKernel.backward(
                        shape, operands,
                        AttentionGradients(
                            output: Rows(output.reading, stride: e + pad),
                            logSumExp: logSumExp.reading,
                            outputGradient: Rows(dO.reading, stride: e + pad),
                            queryGradient: MutableRows(dq.pointer, stride: d + pad),
                            keyGradient: MutableRows(dk.pointer, stride: d + pad),
                            valueGradient: MutableRows(dv.pointer, stride: e + pad)),
                        scratch: backwardScratch.pointer)
                }
            }
        }
        let tolerance = 2e-6 * Double(problem.spread * problem.spread)
        #expect(largestError(own(output, T, e), naive.output) < tolerance)
        #expect(largestError(logSumExp.values, naive.logSumExp) < tolerance)
        #expect(largestError(probabilities.values, naive.probabilities.flatMap { $0 }) < tolerance)
        #expect(largestError(own(dq, T, d), naive.queryGradient) < 4 * tolerance)
        #expect(largestError(own(dk, S, d), naive.keyGradient) < 4 * tolerance)
        #expect(largestError(own(dv, S, e), naive.valueGradient) < 4 * tolerance)
        for buffer in [
            output, logSumExp, probabilities, dq, dk, dv, forwardScratch, backwardScratch,
        ] {
            #expect(buffer.guardsHold)
        }
    }

    @Test func infinitiesAndNotANumberNeverTrapAndStayInTheirRow() {
        let shape = AttentionShape(queries: 4, keys: 20, dimension: 2, scale: 1)
        var q: [Float] = [1, 1, .nan, 1, 3e38, 3e38, .infinity, 0]
        q[0] = 0.5
        let k = [Float](repeating: 1, count: 40)
        let (qb, kb) = (Buffer(q), Buffer(k))
        let output = Buffer(count: 8)
        let scratch = Buffer(count: shape.forwardScratchByteCount / 4)
        AttentionKernel.forward(
            shape,
            AttentionOperands(
                query: Rows(qb.reading, stride: 2), key: Rows(kb.reading, stride: 2),
                value: Rows(kb.reading, stride: 2)),
            queries: 0..<4, output: MutableRows(output.pointer, stride: 2), logSumExp: nil,
            scratch: scratch.pointer)
        #expect(abs(output.values[0] - 1) < 1e-6)
        #expect(output.values[2].isNaN)
        #expect(output.values[4].isNaN)
    }
}
