/// Softmax over the last axis, row by row, and the cross-entropy of labels under it.
package enum SoftmaxKernel {
    /// `y = exp(x − max x) / Σ exp(x − max x)`; `y` may be `x`.
    package static func softmax(
        x: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>, rows: Int, columns: Int
    ) {
        for row in 0..<max(rows, 0) {
            let start = row * columns
            let largest = maximumOfRange(x + start, columns)
            mapRange(x + start, y + start, columns) { VectorMath.expOfNonPositive($0 - largest) }
            let reciprocal = 1 / sumRange(y + start, columns) { $0 }
            mapRange(y + start, y + start, columns) { $0 * reciprocal }
        }
    }

    /// `dx = y · (dy − Σ dy · y)`; `dx` may be `dy`.
    package static func softmaxGradient(
        y: UnsafePointer<Float>, dy: UnsafePointer<Float>, dx: UnsafeMutablePointer<Float>,
        rows: Int, columns: Int
    ) {
        for row in 0..<max(rows, 0) {
            let start = row * columns
            let dot = sumRange(y + start, dy + start, columns) { $0 * $1 }
            mapRange(y + start, dy + start, dx + start, columns) { $0 * ($1 - dot) }
        }
    }

    /// `y = x − max x − log Σ exp(x − max x)`; `y` may be `x`.
    package static func logSoftmax(
        x: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>, rows: Int, columns: Int
    ) {
        for row in 0..<max(rows, 0) {
            let start = row * columns
            let largest = maximumOfRange(x + start, columns)
            let total = sumRange(x + start, columns) { VectorMath.expOfNonPositive($0 - largest) }
            let logTotal = AttentionKernel.logarithm(total)
            mapRange(x + start, y + start, columns) { ($0 - largest) - logTotal }
        }
    }

    /// `dx = dy − exp(y) · Σ dy`; `dx` may be `dy`.
    package static func logSoftmaxGradient(
        y: UnsafePointer<Float>, dy: UnsafePointer<Float>, dx: UnsafeMutablePointer<Float>,
        rows: Int, columns: Int
    ) {
        for row in 0..<max(rows, 0) {
            let start = row * columns
            let total = sumRange(dy + start, columns) { $0 }
            mapRange(y + start, dy + start, dx + start, columns) {
                $1 - VectorMath.exp($0) * total
            }
        }
    }

    /// `loss = lse − logits[label]` and `lse = log Σ exp(logits)` per row.
    ///
    /// - Returns: the first row whose label is outside 0 ..< columns, or nil. That row's loss is
    ///   not-a-number; the others are right.
    package static func crossEntropy<Label: FixedWidthInteger>(
        logits: UnsafePointer<Float>, labels: UnsafePointer<Label>,
        loss: UnsafeMutablePointer<Float>, logSumExp: UnsafeMutablePointer<Float>?, rows: Int,
        columns: Int
    ) -> Int? {
        var offending: Int?
        for row in 0..<max(rows, 0) {
            let x = logits + row * columns
            let largest = maximumOfRange(x, columns)
            let total = sumRange(x, columns) { VectorMath.expOfNonPositive($0 - largest) }
            let lse = largest + AttentionKernel.logarithm(total)
            logSumExp?[row] = lse
            if let label = index(labels[row], below: columns) {
                loss[row] = lse - x[label]
            } else {
                loss[row] = .nan
                if offending == nil { offending = row }
            }
        }
        return offending
    }

    /// `dlogits = (exp(logits − lse) − onehot(label)) · dloss`; `dlogits` may be `logits`.
    ///
    /// - Parameter lossGradientStride: 1 for a gradient per row, 0 for one shared by all.
    /// - Returns: the first row whose label is outside 0 ..< columns, or nil.
    package static func crossEntropyGradient<Label: FixedWidthInteger>(
        logits: UnsafePointer<Float>, labels: UnsafePointer<Label>,
        logSumExp: UnsafePointer<Float>, lossGradient: UnsafePointer<Float>,
        lossGradientStride: Int = 1, dlogits: UnsafeMutablePointer<Float>, rows: Int, columns: Int
    ) -> Int? {
        var offending: Int?
        for row in 0..<max(rows, 0) {
            let start = row * columns
            let lse = logSumExp[row]
            let slope = lossGradient[row * lossGradientStride]
            let label = index(labels[row], below: columns)
            // The label's own probability is taken first: subtracting slope from p · slope
            // afterwards would lose digits that p − 1 keeps.
            let atLabel = label.map {
                VectorMath.exp(Float8(repeating: logits[start + $0] - lse))[0]
            }
            mapRange(logits + start, dlogits + start, columns) {
                VectorMath.exp($0 - lse) * slope
            }
            if let label, let atLabel {
                dlogits[start + label] = (atLabel - 1) * slope
            } else if offending == nil {
                offending = row
            }
        }
        return offending
    }

    @inline(__always)
    private static func index<Label: FixedWidthInteger>(_ label: Label, below bound: Int) -> Int? {
        guard let index = Int(exactly: label), index >= 0, index < bound else { return nil }
        return index
    }
}
