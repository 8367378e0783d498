/// What a query row gives that may look at no key at all.
package enum FullyMaskedRows: Sendable {
    /// Equal weights over all keys: softmax over scores that all hold the same fill
    /// (Keras without dropout).
    case uniform
    /// Zeros, and no gradient (Keras with dropout or with scores requested).
    case zero
}

/// What one attention head computes: `softmax(scale · q kᵀ, masked) · v`.
package struct AttentionShape: Sendable {
    package var queries: Int
    package var keys: Int
    /// Columns of q and k.
    package var dimension: Int
    /// Columns of v and of the output.
    package var valueDimension: Int
    package var scale: Float
    /// Query t sees keys 0 … t + causalOffset.
    package var isCausal: Bool
    package var causalOffset: Int
    package var fullyMaskedRows: FullyMaskedRows
    /// Columns of the score matrix that dropout counts by: the keys, unless these are the first of
    /// a row with more.
    package var scoreColumns: Int
    /// Operands of the products are rounded to bfloat16 first.
    package var roundsOperands: Bool

    package init(
        queries: Int, keys: Int, dimension: Int, valueDimension: Int? = nil, scale: Float,
        isCausal: Bool = false, causalOffset: Int = 0, fullyMaskedRows: FullyMaskedRows = .uniform,
        roundsOperands: Bool = false
    ) {
        self.queries = queries
        self.keys = keys
        self.dimension = dimension
        self.valueDimension = valueDimension ?? dimension
        self.scale = scale
        self.isCausal = isCausal
        self.causalOffset = causalOffset
        self.fullyMaskedRows = fullyMaskedRows
        scoreColumns = keys
        self.roundsOperands = roundsOperands
    }

    /// What a product of q and k is multiplied by: rounded queries are scaled before.
    var scoreScale: Float { roundsOperands ? 1 : scale }

    /// Floats from one score row to the next in scratch: a multiple of 16, so that positions in a
    /// block are the positions dropout counts by.
    var pitch: Int { DropoutMask.rowPitch(columns: max(scoreColumns, 1)) }

    /// Query rows taken together, by shape alone: their scores stay in the second-level cache.
    package var blockRows: Int {
        let fitting = (32768 / pitch) & ~15
        return max(1, min(max(16, min(fitting, 128)), queries))
    }

    /// Bytes of scratch one call of `AttentionKernel.forward` needs.
    package var forwardScratchByteCount: Int {
        (blockRows * pitch + 2 * pitch + blockRows + 64 + roundedCount)
            * MemoryLayout<Float>.stride
    }

    /// Bytes of scratch one call of `AttentionKernel.backward` needs.
    package var backwardScratchByteCount: Int {
        (2 * blockRows * pitch + 2 * pitch + 64 + roundedCount) * MemoryLayout<Float>.stride
    }

    /// Elements of the rounded copies of q, k, v and the output's gradient.
    private var roundedCount: Int {
        roundsOperands ? (queries + keys) * (dimension + valueDimension) : 0
    }
}

/// A matrix in memory: its first element and the elements from one row to the next.
package struct Rows {
    package var base: UnsafePointer<Float>
    package var stride: Int

    package init(_ base: UnsafePointer<Float>, stride: Int) {
        self.base = base
        self.stride = stride
    }

    @inline(__always)
    func row(_ index: Int) -> UnsafePointer<Float> { base + index * stride }
}

/// A matrix to write: its first element and the elements from one row to the next.
package struct MutableRows {
    package var base: UnsafeMutablePointer<Float>
    package var stride: Int

    package init(_ base: UnsafeMutablePointer<Float>, stride: Int) {
        self.base = base
        self.stride = stride
    }

    @inline(__always)
    func row(_ index: Int) -> UnsafeMutablePointer<Float> { base + index * stride }
}

/// One head's operands. Mask bytes: zero hides, anything else shows; all masks given must show.
package struct AttentionOperands {
    package var query: Rows
    package var key: Rows
    package var value: Rows
    /// One byte per key.
    package var keyMask: UnsafePointer<UInt8>?
    /// One byte per query.
    package var queryMask: UnsafePointer<UInt8>?
    /// One byte per query and key; `maskStride` is the bytes from one query's row to the next
    /// (0: one row for all).
    package var mask: UnsafePointer<UInt8>?
    package var maskStride: Int
    /// Drops probabilities; their tensor is [batch · heads · queries, keys].
    package var dropout: DropoutMask?
    /// This head's first row in that tensor: (batch · heads + head) · queries.
    package var firstScoreRow: Int

    package init(
        query: Rows, key: Rows, value: Rows, keyMask: UnsafePointer<UInt8>? = nil,
        queryMask: UnsafePointer<UInt8>? = nil, mask: UnsafePointer<UInt8>? = nil,
        maskStride: Int = 0, dropout: DropoutMask? = nil, firstScoreRow: Int = 0
    ) {
        self.query = query
        self.key = key
        self.value = value
        self.keyMask = keyMask
        self.queryMask = queryMask
        self.mask = mask
        self.maskStride = maskStride
        self.dropout = dropout
        self.firstScoreRow = firstScoreRow
    }
}
