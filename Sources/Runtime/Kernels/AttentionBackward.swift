/// Pointers of one head's backward pass.
package struct AttentionGradients {
    /// What the forward pass gave.
    package var output: Rows
    package var logSumExp: UnsafePointer<Float>
    package var outputGradient: Rows
    package var queryGradient: MutableRows
    package var keyGradient: MutableRows
    package var valueGradient: MutableRows

    package init(
        output: Rows, logSumExp: UnsafePointer<Float>, outputGradient: Rows,
        queryGradient: MutableRows, keyGradient: MutableRows, valueGradient: MutableRows
    ) {
        self.output = output
        self.logSumExp = logSumExp
        self.outputGradient = outputGradient
        self.queryGradient = queryGradient
        self.keyGradient = keyGradient
        self.valueGradient = valueGradient
    }
}

extension AttentionKernel {
    /// The gradients of one head. Scores are computed again from q, k and the log-sum-exp, dropout
    /// is drawn again: with P the probabilities, M the dropout factors and D = rowsum(O ∘ dO),
    /// `dP = (dO vᵀ) ∘ M`, `dS = P ∘ (dP − D)`, `dq = scale · dS k`, `dk = scale · dSᵀ q`,
    /// `dv = (P ∘ M)ᵀ dO` (Dao et al., FlashAttention, 2022).
    ///
    /// - Parameter scratch: `shape.backwardScratchByteCount` bytes.
    package static func backward(
        _ shape: AttentionShape, _ operands: AttentionOperands, _ gradients: AttentionGradients,
        scratch: UnsafeMutablePointer<Float>
    ) {
        let block = shape.blockRows * shape.pitch
        let weights = scratch
        let scoreGradients = scratch + block
        let limits = ScoreLimits(shape, operands, scratch: scratch + 2 * block)
        let factors = limits.ofRow + shape.pitch
        var rounding = RoundedAttention(shape, scratch: factors + 64)
        let operands = rounding.operands(operands)
        let outputGradient = rounding.outputGradient(gradients.outputGradient)
        clear(gradients.keyGradient, rows: shape.keys, columns: shape.dimension)
        clear(gradients.valueGradient, rows: shape.keys, columns: shape.valueDimension)
        var first = 0
        while first < shape.queries {
            let rows = min(shape.blockRows, shape.queries - first)
            let keys = limits.visibleKeys(endRow: first + rows)
            BLAS.product(
                rows: rows, columns: keys, inner: shape.dimension, alpha: shape.scoreScale,
                operands.query.row(first), stride: operands.query.stride,
                operands.key.base, stride: operands.key.stride, transposeB: true,
                into: weights, stride: shape.pitch)
            BLAS.product(
                rows: rows, columns: keys, inner: shape.valueDimension,
                outputGradient.row(first), stride: outputGradient.stride,
                operands.value.base, stride: operands.value.stride, transposeB: true,
                into: scoreGradients, stride: shape.pitch)
            var dropout = DropoutReader(mask: operands.dropout, factors: factors)
            for row in 0..<rows {
                let query = first + row
                differentiateRow(
                    weights + row * shape.pitch, scoreGradients + row * shape.pitch,
                    limits: limits.isNeeded ? limits.limits(query: query) : nil, keys: keys,
                    logTotal: gradients.logSumExp[query],
                    delta: sumRange(
                        gradients.output.row(query), gradients.outputGradient.row(query),
                        shape.valueDimension
                    ) { $0 * $1 },
                    dropout: &dropout,
                    position: dropout.mask.position(
                        ofRow: operands.firstScoreRow + query, pitch: shape.pitch),
                    shape: shape)
                shape.round(weights + row * shape.pitch, count: keys)
                shape.round(scoreGradients + row * shape.pitch, count: keys)
            }
            multiplyBlock(
                shape, operands, gradients, outputGradient, first: first, rows: rows,
                keys: keys, weights: weights, scoreGradients: scoreGradients)
            first += rows
        }
    }

    /// The three products of a block: it owns its rows of dq and adds to dk and dv.
    private static func multiplyBlock(
        _ shape: AttentionShape, _ operands: AttentionOperands, _ gradients: AttentionGradients,
        _ outputGradient: Rows, first: Int, rows: Int, keys: Int,
        weights: UnsafeMutablePointer<Float>,
        scoreGradients: UnsafeMutablePointer<Float>
    ) {
        BLAS.product(
            rows: rows, columns: shape.dimension, inner: keys, alpha: shape.scale,
            scoreGradients, stride: shape.pitch, operands.key.base, stride: operands.key.stride,
            into: gradients.queryGradient.row(first), stride: gradients.queryGradient.stride)
        BLAS.product(
            rows: keys, columns: shape.dimension, inner: rows, alpha: shape.scoreScale,
            scoreGradients, stride: shape.pitch, transposeA: true,
            operands.query.row(first), stride: operands.query.stride,
            beta: 1, into: gradients.keyGradient.base, stride: gradients.keyGradient.stride)
        BLAS.product(
            rows: keys, columns: shape.valueDimension, inner: rows,
            weights, stride: shape.pitch, transposeA: true,
            outputGradient.row(first), stride: outputGradient.stride,
            beta: 1, into: gradients.valueGradient.base, stride: gradients.valueGradient.stride)
    }

    /// One row: scores become P ∘ M, and dO vᵀ becomes dS.
    @inline(__always)
    private static func differentiateRow(
        _ weights: UnsafeMutablePointer<Float>, _ gradient: UnsafeMutablePointer<Float>,
        limits: UnsafePointer<Float>?, keys: Int, logTotal: Float, delta: Float,
        dropout: inout DropoutReader, position: Int, shape: AttentionShape
    ) {
        if logTotal <= ScoreLimits.fill {
            let weight = shape.fullyMaskedRows == .uniform && keys > 0 ? 1 / Float(keys) : 0
            weights.update(repeating: weight, count: keys)
            gradient.update(repeating: 0, count: keys)
            if dropout.isNeeded { dropout.multiply(weights, at: position, count: keys) }
            return
        }
        if let limits {
            mapRange(weights, limits, weights, keys) { minimum($0, $1) }
        }
        guard dropout.isNeeded else {
            pairRange(weights, gradient, keys) { score, product in
                let p = VectorMath.expOfNonPositive(score - logTotal)
                return (p, p * (product - delta))
            }
            return
        }
        var column = 0
        while column < keys {
            let take = dropout.run(at: position &+ column, limit: keys &- column)
            tripleRange(weights + column, gradient + column, dropout.current, take) {
                score, product, factor in
                let p = VectorMath.expOfNonPositive(score - logTotal)
                return (p * factor, p * (product * factor - delta))
            }
            column &+= take
        }
    }

    @inline(__always)
    private static func pairRange(
        _ a: UnsafeMutablePointer<Float>, _ b: UnsafeMutablePointer<Float>, _ count: Int,
        _ f: (Float8, Float8) -> (Float8, Float8)
    ) {
        var i = 0
        while i < count {
            // Rows are padded to their pitch: whole vectors may be read and written.
            let (x, y) = f(load8(a + i), load8(b + i))
            store8(x, a + i)
            store8(y, b + i)
            i &+= 8
        }
    }

    @inline(__always)
    private static func tripleRange(
        _ a: UnsafeMutablePointer<Float>, _ b: UnsafeMutablePointer<Float>,
        _ c: UnsafePointer<Float>, _ count: Int,
        _ f: (Float8, Float8, Float8) -> (Float8, Float8)
    ) {
        var i = 0
        while i < count {
            let (x, y) = f(load8(a + i), load8(b + i), load8(c + i))
            store8(x, a + i)
            store8(y, b + i)
            i &+= 8
        }
    }

    private static func clear(_ matrix: MutableRows, rows: Int, columns: Int) {
        for row in 0..<rows { matrix.row(row).update(repeating: 0, count: columns) }
    }
}
