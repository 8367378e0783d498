/// Attention of one head, by blocks of query rows; scores live only in scratch.
package enum AttentionKernel {
    /// Query rows `queries` of one head: their output and, for the backward pass, the natural
    /// logarithm of the sum of the exponentials of their scores (−1e30 where a row sees no key).
    ///
    /// - Parameters:
    ///   - output: row 0 of the head's [queries, valueDimension].
    ///   - logSumExp: one Float per query of the head, or nil.
    ///   - probabilities: row 0 of [queries, keys] for the weights before dropout, or nil.
    ///   - scratch: `shape.forwardScratchByteCount` bytes.
    package static func forward(
        _ shape: AttentionShape, _ operands: AttentionOperands, queries: Range<Int>,
        output: MutableRows, logSumExp: UnsafeMutablePointer<Float>?,
        probabilities: MutableRows? = nil, scratch: UnsafeMutablePointer<Float>
    ) {
        let scores = scratch
        let limits = ScoreLimits(shape, operands, scratch: scratch + shape.blockRows * shape.pitch)
        let reciprocals = limits.ofRow + shape.pitch
        let factors = reciprocals + shape.blockRows
        var rounding = RoundedAttention(shape, scratch: factors + 64)
        let operands = rounding.operands(operands)
        var first = queries.lowerBound
        while first < queries.upperBound {
            let rows = min(shape.blockRows, queries.upperBound - first)
            let keys = limits.visibleKeys(endRow: first + rows)
            BLAS.product(
                rows: rows, columns: keys, inner: shape.dimension, alpha: shape.scoreScale,
                operands.query.row(first), stride: operands.query.stride,
                operands.key.base, stride: operands.key.stride, transposeB: true,
                into: scores, stride: shape.pitch)
            var dropout = DropoutReader(mask: operands.dropout, factors: factors)
            for row in 0..<rows {
                let query = first + row
                let line = scores + row * shape.pitch
                let (total, logTotal) = weighRow(
                    line, limits: limits.isNeeded ? limits.limits(query: query) : nil, keys: keys,
                    shape: shape)
                logSumExp?[query] = logTotal
                reciprocals[row] = total > 0 || total.isNaN ? 1 / total : 0
                if let probabilities {
                    store(
                        line, times: reciprocals[row], keys: keys, of: shape.keys,
                        probabilities.row(query))
                }
                if dropout.isNeeded {
                    let position = dropout.mask.position(
                        ofRow: operands.firstScoreRow + query, pitch: shape.pitch)
                    dropout.multiply(line, at: position, count: keys)
                }
                shape.round(line, count: keys)
            }
            BLAS.product(
                rows: rows, columns: shape.valueDimension, inner: keys,
                scores, stride: shape.pitch, operands.value.base, stride: operands.value.stride,
                into: output.row(first), stride: output.stride)
            for row in 0..<rows {
                let line = output.row(first + row)
                let reciprocal = reciprocals[row]
                mapRange(line, line, shape.valueDimension) { $0 * reciprocal }
            }
            first += rows
        }
    }

    /// Turns a row of scores into exponentials relative to its largest; gives their sum and the
    /// log-sum-exp. The largest and the exponentials are taken from the same stored values.
    @inline(__always)
    static func weighRow(
        _ line: UnsafeMutablePointer<Float>, limits: UnsafePointer<Float>?, keys: Int,
        shape: AttentionShape
    ) -> (total: Float, logTotal: Float) {
        let width = DropoutMask.rowPitch(columns: keys)
        for column in keys..<width { line[column] = -.infinity }
        let largest: Float
        if let limits {
            largest = limitedMaximum(line, limits, width)
        } else {
            largest = plainMaximum(line, width)
        }
        if limits != nil && largest <= ScoreLimits.fill {
            let weight: Float = shape.fullyMaskedRows == .uniform ? 1 : 0
            line.update(repeating: weight, count: keys)
            return (weight * Float(keys), ScoreLimits.fill)
        }
        let total = exponentials(line, minus: largest, width)
        return (total, keys == 0 ? -.infinity : largest + logarithm(total))
    }

    @inline(__always)
    static func limitedMaximum(
        _ line: UnsafeMutablePointer<Float>, _ limits: UnsafePointer<Float>, _ width: Int
    ) -> Float {
        var best0 = Float8(repeating: -.infinity)
        var best1 = best0
        var column = 0
        while column < width {
            let a = minimum(load8(line + column), load8(limits + column))
            let b = minimum(load8(line + column + 8), load8(limits + column + 8))
            store8(a, line + column)
            store8(b, line + column + 8)
            best0 = maximum(best0, a)
            best1 = maximum(best1, b)
            column &+= 16
        }
        return maximumOfLanes(maximum(best0, best1))
    }

    @inline(__always)
    static func plainMaximum(_ line: UnsafeMutablePointer<Float>, _ width: Int) -> Float {
        var best0 = Float8(repeating: -.infinity)
        var best1 = best0
        var column = 0
        while column < width {
            best0 = maximum(best0, load8(line + column))
            best1 = maximum(best1, load8(line + column + 8))
            column &+= 16
        }
        return maximumOfLanes(maximum(best0, best1))
    }

    @inline(__always)
    static func exponentials(
        _ line: UnsafeMutablePointer<Float>, minus largest: Float, _ width: Int
    ) -> Float {
        var total0 = Float8.zero
        var total1 = Float8.zero
        var column = 0
        while column < width {
            let a = VectorMath.expOfNonPositive(load8(line + column) - largest)
            let b = VectorMath.expOfNonPositive(load8(line + column + 8) - largest)
            store8(a, line + column)
            store8(b, line + column + 8)
            total0 += a
            total1 += b
            column &+= 16
        }
        return sumOfLanes(total0 + total1)
    }

    @inline(__always)
    static func logarithm(_ x: Float) -> Float { VectorMath.log(Float8(repeating: x))[0] }

    /// The weights of one row, with zeros for the keys that were not computed.
    private static func store(
        _ line: UnsafeMutablePointer<Float>, times reciprocal: Float, keys: Int, of allKeys: Int,
        _ out: UnsafeMutablePointer<Float>
    ) {
        mapRange(line, out, keys) { $0 * reciprocal }
        (out + keys).update(repeating: 0, count: allKeys - keys)
    }
}

extension DropoutReader {
    /// `line[i] *= factor(position + i)`.
    @inline(__always)
    mutating func multiply(_ line: UnsafeMutablePointer<Float>, at position: Int, count: Int) {
        var column = 0
        while column < count {
            let take = run(at: position &+ column, limit: count &- column)
            mapRange(line + column, current, line + column, take) { $0 * $1 }
            column &+= take
        }
    }
}
