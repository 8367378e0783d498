/// Layer normalization over rows, with the residual addition and dropout before it.
package enum LayerNormKernel {
    /// Operands of one part; the pointers stand at its first row.
    package struct Operands {
        package var x: UnsafePointer<Float>
        package var residual: UnsafePointer<Float>?
        package var dropout: DropoutMask?
        /// The part's first row in the whole tensor, which dropout counts by.
        package var firstRow: Int
        /// [columns]; nil means ones.
        package var scale: UnsafePointer<Float>?
        /// [columns]; nil means zeros.
        package var offset: UnsafePointer<Float>?
        package var epsilon: Float

        package init(
            x: UnsafePointer<Float>, residual: UnsafePointer<Float>? = nil,
            dropout: DropoutMask? = nil, firstRow: Int = 0, scale: UnsafePointer<Float>? = nil,
            offset: UnsafePointer<Float>? = nil, epsilon: Float
        ) {
            self.x = x
            self.residual = residual
            self.dropout = dropout
            self.firstRow = firstRow
            self.scale = scale
            self.offset = offset
            self.epsilon = epsilon
        }
    }

    /// Results of one part; nil is not wanted. The sum (residual + dropout(x)) may lie over x or
    /// the residual.
    package struct Results {
        package var y: UnsafeMutablePointer<Float>
        package var sum: UnsafeMutablePointer<Float>?
        package var mean: UnsafeMutablePointer<Float>?
        package var rstd: UnsafeMutablePointer<Float>?

        package init(
            y: UnsafeMutablePointer<Float>, sum: UnsafeMutablePointer<Float>? = nil,
            mean: UnsafeMutablePointer<Float>? = nil, rstd: UnsafeMutablePointer<Float>? = nil
        ) {
            self.y = y
            self.sum = sum
            self.mean = mean
            self.rstd = rstd
        }
    }

    /// `y = (h − mean) · rstd · scale + offset` with `h = residual + dropout(x)`, the population
    /// variance taken in a second pass over the row.
    package static func forward(
        _ operands: Operands, _ results: Results, rows: Int, columns: Int
    ) {
        withUnsafeTemporaryAllocation(of: Float.self, capacity: 64) { buffer in
            guard let factors = buffer.baseAddress else { return }
            var reader = DropoutReader(mask: operands.dropout, factors: factors)
            for row in 0..<max(rows, 0) {
                let start = row * columns
                let y = results.y + start
                let h = addResidual(operands, results, &reader, row: row, columns: columns)
                let mean = sumRange(h, columns) { $0 } / Float(columns)
                let variance =
                    sumRange(h, columns) { ($0 - mean) * ($0 - mean) } / Float(columns)
                let rstd = 1 / (variance + operands.epsilon).squareRoot()
                results.mean?[row] = mean
                results.rstd?[row] = rstd
                normalize(h, y, columns, mean, rstd, operands.scale, operands.offset)
            }
        }
    }

    /// Where the row to normalize stands, after dropout and the residual.
    @inline(__always)
    private static func addResidual(
        _ operands: Operands, _ results: Results, _ reader: inout DropoutReader, row: Int,
        columns: Int
    ) -> UnsafePointer<Float> {
        let start = row * columns
        let x = operands.x + start
        guard operands.residual != nil || reader.isNeeded || results.sum != nil else { return x }
        let h = (results.sum ?? results.y) + start
        guard reader.isNeeded else {
            if let residual = operands.residual {
                mapRange(x, residual + start, h, columns) { $0 + $1 }
            } else {
                h.update(from: x, count: columns)
            }
            return UnsafePointer(h)
        }
        let pitch = DropoutMask.rowPitch(columns: columns)
        let position = reader.mask.position(ofRow: operands.firstRow &+ row, pitch: pitch)
        var column = 0
        while column < columns {
            let take = reader.run(at: position &+ column, limit: columns &- column)
            let factors = reader.current
            if let residual = operands.residual {
                mapRange(x + column, factors, residual + start + column, h + column, take) {
                    $0 * $1 + $2
                }
            } else {
                mapRange(x + column, factors, h + column, take) { $0 * $1 }
            }
            column &+= take
        }
        return UnsafePointer(h)
    }

    @inline(__always)
    private static func normalize(
        _ h: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ columns: Int,
        _ mean: Float, _ rstd: Float, _ scale: UnsafePointer<Float>?,
        _ offset: UnsafePointer<Float>?
    ) {
        if let scale {
            mapRange(h, scale, y, columns) { ($0 - mean) * rstd * $1 }
        } else {
            mapRange(h, y, columns) { ($0 - mean) * rstd }
        }
        if let offset { mapRange(y, offset, y, columns) { $0 + $1 } }
    }

    /// What the backward pass of one part reads; the pointers stand at its first row.
    package struct Saved {
        package var sum: UnsafePointer<Float>
        package var mean: UnsafePointer<Float>
        package var rstd: UnsafePointer<Float>
        package var scale: UnsafePointer<Float>?

        package init(
            sum: UnsafePointer<Float>, mean: UnsafePointer<Float>, rstd: UnsafePointer<Float>,
            scale: UnsafePointer<Float>? = nil
        ) {
            self.sum = sum
            self.mean = mean
            self.rstd = rstd
            self.scale = scale
        }
    }

    /// With n = (h − mean) · rstd and g = dy · scale:
    /// `dh = rstd · (g − mean(g) − n · mean(g · n))`, and over the part's rows
    /// `scalePartial = Σ dy · n`, `offsetPartial = Σ dy` (each [columns], or nil), to be combined
    /// by `TreeSum`. `dh` may be `dy`.
    package static func backward(
        _ saved: Saved, dy: UnsafePointer<Float>, dh: UnsafeMutablePointer<Float>, rows: Int,
        columns: Int, scalePartial: UnsafeMutablePointer<Float>?,
        offsetPartial: UnsafeMutablePointer<Float>?
    ) {
        scalePartial?.update(repeating: 0, count: columns)
        offsetPartial?.update(repeating: 0, count: columns)
        for row in 0..<max(rows, 0) {
            let start = row * columns
            let (h, g) = (saved.sum + start, dy + start)
            let (mean, rstd) = (saved.mean[row], saved.rstd[row])
            if let scalePartial {
                mapRange(g, h, scalePartial, scalePartial, columns) {
                    $2 + $0 * (($1 - mean) * rstd)
                }
            }
            if let offsetPartial {
                mapRange(g, offsetPartial, offsetPartial, columns) { $1 + $0 }
            }
            let count = Float(columns)
            guard let scale = saved.scale else {
                let first = sumRange(g, columns) { $0 } / count
                let second = sumRange(g, h, columns) { $0 * (($1 - mean) * rstd) } / count
                mapRange(g, h, dh + start, columns) {
                    (($0 - first) - ($1 - mean) * rstd * second) * rstd
                }
                continue
            }
            let first = sumRange(g, scale, columns) { $0 * $1 } / count
            let second = scaledProduct(g, scale, h, columns, mean, rstd) / count
            mapRange(g, scale, h, dh + start, columns) {
                (($0 * $1 - first) - ($2 - mean) * rstd * second) * rstd
            }
        }
    }

    /// `Σ g · scale · (h − mean) · rstd`.
    @inline(__always)
    private static func scaledProduct(
        _ g: UnsafePointer<Float>, _ scale: UnsafePointer<Float>, _ h: UnsafePointer<Float>,
        _ columns: Int, _ mean: Float, _ rstd: Float
    ) -> Float {
        var total = Float8.zero
        var i = 0
        while i &+ 8 <= columns {
            total += load8(g + i) * load8(scale + i) * ((load8(h + i) - mean) * rstd)
            i &+= 8
        }
        if i < columns {
            let rest = columns &- i
            total += keepLeading(
                loadTail(g + i, rest) * loadTail(scale + i, rest)
                    * ((loadTail(h + i, rest) - mean) * rstd), rest)
        }
        return sumOfLanes(total)
    }
}
