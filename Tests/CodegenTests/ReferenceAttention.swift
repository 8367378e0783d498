import Foundation

/// Attention and its gradients by the definition, in Double, for dense `[batch, position, head,
/// size]` tensors.
struct ReferenceAttention {
    var batch: Int
    var heads: Int
    var queries: Int
    var keys: Int
    var size: Int
    var valueSize: Int
    var isCausal = false
    var keyMask: [UInt8]?
    var zeroesFullyMaskedRows = false
    var dropout: ReferenceDropout?
    var firstBatch = 0

    var q: [Float]
    var k: [Float]
    var v: [Float]

    struct Result {
        var output: [Double]
        var queryGradient: [Double]
        var keyGradient: [Double]
        var valueGradient: [Double]
    }

    func run(outputGradient: [Float]) -> Result {
        var result = Result(
            output: Array(repeating: 0, count: batch * queries * heads * valueSize),
            queryGradient: Array(repeating: 0, count: q.count),
            keyGradient: Array(repeating: 0, count: k.count),
            valueGradient: Array(repeating: 0, count: v.count))
        for b in 0..<batch {
            for h in 0..<heads {
                for t in 0..<queries { addRow(b, h, t, outputGradient, &result) }
            }
        }
        return result
    }

    private func addRow(
        _ b: Int, _ h: Int, _ t: Int, _ outputGradient: [Float], _ result: inout Result
    ) {
        let scale = 1 / Double(size).squareRoot()
        let probabilities = probabilities(b, h, t, scale)
        let factors = (0..<keys).map { s in
            dropout?.factor(
                row: ((firstBatch + b) * heads + h) * queries + t, column: s, columns: keys) ?? 1
        }
        let qRow = ((b * queries + t) * heads + h) * size
        let outRow = ((b * queries + t) * heads + h) * valueSize
        func kRow(_ s: Int) -> Int { ((b * keys + s) * heads + h) * size }
        func vRow(_ s: Int) -> Int { ((b * keys + s) * heads + h) * valueSize }

        var gradients = [Double](repeating: 0, count: keys)
        for s in 0..<keys {
            for d in 0..<valueSize {
                let weight = probabilities[s] * factors[s]
                let outer = Double(outputGradient[outRow + d])
                result.output[outRow + d] += weight * Double(v[vRow(s) + d])
                result.valueGradient[vRow(s) + d] += weight * outer
                gradients[s] += factors[s] * outer * Double(v[vRow(s) + d])
            }
        }
        // Scores of masked keys are constants: a row of nothing else has no slope.
        guard isVisible(b, t).contains(true) else { return }
        let mean = zip(probabilities, gradients).reduce(0) { $0 + $1.0 * $1.1 }
        for s in 0..<keys {
            let gradient = probabilities[s] * (gradients[s] - mean) * scale
            for d in 0..<size {
                result.queryGradient[qRow + d] += gradient * Double(k[kRow(s) + d])
                result.keyGradient[kRow(s) + d] += gradient * Double(q[qRow + d])
            }
        }
    }

    private func isVisible(_ b: Int, _ t: Int) -> [Bool] {
        (0..<keys).map { s in
            (keyMask.map { $0[b * keys + s] != 0 } ?? true) && (!isCausal || s <= t)
        }
    }

    private func probabilities(_ b: Int, _ h: Int, _ t: Int, _ scale: Double) -> [Double] {
        let visible = isVisible(b, t)
        if !visible.contains(true) {
            let share = zeroesFullyMaskedRows ? 0 : 1 / Double(keys)
            return Array(repeating: share, count: keys)
        }
        let scores = (0..<keys).map { s in
            (0..<size).reduce(0.0) { sum, d in
                sum + Double(q[((b * queries + t) * heads + h) * size + d])
                    * Double(k[((b * keys + s) * heads + h) * size + d])
            } * scale
        }
        let maximum = zip(scores, visible).filter { $0.1 }.map(\.0).max() ?? 0
        let powers = zip(scores, visible).map { $0.1 ? exp($0.0 - maximum) : 0 }
        let sum = powers.reduce(0, +)
        return powers.map { $0 / sum }
    }
}
