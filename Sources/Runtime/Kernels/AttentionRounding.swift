/// Copies of one head's operands in scratch, rounded to bfloat16.
struct RoundedAttention {
    private let shape: AttentionShape
    private var next: UnsafeMutablePointer<Float>

    /// - Parameter scratch: the end of what the kernel uses itself.
    init(_ shape: AttentionShape, scratch: UnsafeMutablePointer<Float>) {
        self.shape = shape
        next = scratch
    }

    mutating func operands(_ operands: AttentionOperands) -> AttentionOperands {
        guard shape.roundsOperands else { return operands }
        var rounded = operands
        let (size, valueSize) = (shape.dimension, shape.valueDimension)
        rounded.query = copy(
            operands.query, rows: shape.queries, columns: size, scale: shape.scale)
        rounded.key = copy(operands.key, rows: shape.keys, columns: size)
        rounded.value = copy(operands.value, rows: shape.keys, columns: valueSize)
        return rounded
    }

    mutating func outputGradient(_ gradient: Rows) -> Rows {
        guard shape.roundsOperands else { return gradient }
        return copy(gradient, rows: shape.queries, columns: shape.valueDimension)
    }

    private mutating func copy(
        _ source: Rows, rows: Int, columns: Int, scale: Float = 1
    ) -> Rows {
        let target = next
        for row in 0..<rows {
            let (from, to) = (source.row(row), target + row * columns)
            for column in 0..<columns { to[column] = BFloat16(from[column] * scale).float }
        }
        next += rows * columns
        return Rows(target, stride: columns)
    }
}

extension AttentionShape {
    /// Rounds what a product is about to read, where operands are rounded.
    func round(_ line: UnsafeMutablePointer<Float>, count: Int) {
        guard roundsOperands else { return }
        for column in 0..<count { line[column] = BFloat16(line[column]).float }
    }
}
