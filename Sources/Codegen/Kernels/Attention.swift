/// How one of attention's tensors, `[batch, position, head, size]`, lies in memory: the distance in
/// elements between neighbours on each axis. Neighbours on the last axis are adjacent.
package struct HeadLayout: Hashable, Sendable {
    /// Nil where the batch entries follow one another without a gap: the tensor's actual number of
    /// positions times `positionStride`.
    package var batchStride: Int?
    package var positionStride: Int
    package var headStride: Int

    package init(batchStride: Int?, positionStride: Int, headStride: Int) {
        self.batchStride = batchStride
        self.positionStride = positionStride
        self.headStride = headStride
    }

    /// Rows of `heads · size` elements, one after the other.
    package static func dense(heads: Int, size: Int) -> HeadLayout {
        HeadLayout(batchStride: nil, positionStride: heads * size, headStride: size)
    }
}

/// What a row gives whose keys are all masked.
package enum FullyMaskedRow: String, Hashable, Sendable {
    /// The mean of all values, as a softmax over equal scores does.
    case uniform
    /// Zero, with zero gradients.
    case zero
}

/// Scaled dot-product attention of each (batch, head), without a score matrix in memory:
///
/// `output[t] = Σₛ dropout(softmaxₛ(scale·q[t]·k[s] + mask))·v[s]`
///
/// with q `[batch, queries, heads, size]`, k `[batch, keys, heads, size]`, v `[batch, keys, heads,
/// valueSize]`. One part per (batch, head); scalar argument `batch` if that extent is one.
///
/// Packed tensors are `[tokens, heads, size]`, and the buffer `offsets` (int32) holds the first token
/// of each batch entry and the number of all; `queries` and `keys` are then what an entry has room
/// for in the mask and in the tensor that dropout counts by.
package struct Attention: Hashable, Sendable {
    /// Which tensors are packed.
    package enum Packing: Hashable, Sendable {
        case none
        /// Keys and values.
        case keys
        /// All; the log-sum-exps are `[heads, tokens]`.
        case all
    }

    package var packing = Packing.none
    /// Of all batch entries, where queries are packed.
    package var tokens = Extent.constant(0)
    package var batch: Extent
    package var heads: Int
    package var queries: Extent
    package var keys: Extent
    package var size: Int
    package var valueSize: Int
    package var scale: Double
    package var query: HeadLayout
    package var key: HeadLayout
    package var value: HeadLayout
    package var output: HeadLayout
    /// A byte for each `[batch, key]`: 0 hides the key.
    package var hasKeyMask: Bool
    /// Query t sees the keys s ≤ t.
    package var isCausal: Bool
    /// Dropout of the probabilities, seen as a tensor `[batch, heads, queries, keys]`, by the
    /// element rule of `DropoutMask`; adds the scalar arguments `seed`, `stream`, `step` and
    /// `firstBatch`, the number of batch entry 0 in the whole batch.
    package var dropoutRate: Double
    /// Whether the rows that dropout counts are some of a larger tensor's; adds the scalar
    /// arguments `rowStride` and `rowOffset`. Only with one query.
    package var hasSelectedRows: Bool
    package var fullyMaskedRow: FullyMaskedRow
    /// What products multiply. With bfloat16, tensors are float32 in memory as well, and
    /// `scale · q`, k, dropout(p), v and their gradients are rounded.
    package var element: MatrixElement
    /// The tensor `query` holds `scale · q`; its gradient is still that of q.
    package var queriesAreScaled = false

    package init(
        batch: Extent, heads: Int, queries: Extent, keys: Extent, size: Int, valueSize: Int? = nil,
        scale: Double? = nil, query: HeadLayout? = nil, key: HeadLayout? = nil,
        value: HeadLayout? = nil, output: HeadLayout? = nil, hasKeyMask: Bool = false,
        isCausal: Bool = false, dropoutRate: Double = 0, hasSelectedRows: Bool = false,
        fullyMaskedRow: FullyMaskedRow = .uniform, element: MatrixElement = .float32
    ) {
        self.hasSelectedRows = hasSelectedRows
        self.element = element
        let valueSize = valueSize ?? size
        self.batch = batch
        self.heads = heads
        self.queries = queries
        self.keys = keys
        self.size = size
        self.valueSize = valueSize
        self.scale = scale ?? 1 / Double(size).squareRoot()
        self.query = query ?? .dense(heads: heads, size: size)
        self.key = key ?? .dense(heads: heads, size: size)
        self.value = value ?? .dense(heads: heads, size: valueSize)
        self.output = output ?? .dense(heads: heads, size: valueSize)
        self.hasKeyMask = hasKeyMask
        self.isCausal = isCausal
        self.dropoutRate = dropoutRate
        self.fullyMaskedRow = fullyMaskedRow
    }

    /// What is added to the score of a masked key: so large that the score vanishes beside it, yet
    /// finite, so that a row of nothing else still has a maximum to subtract.
    static let maskedScore = -1e30

    /// log₂ e: the softmax is made of powers of two.
    static let base2 = 1.4426950408889634

    /// What keys are multiplied by when they are packed: with float32 all that a score is, so that
    /// it comes out as an exponent of two. Otherwise queries are scaled, before they are rounded.
    var keyScale: Double? { element == .float32 ? scoreScale * Attention.base2 : nil }

    /// What a product of query and key is multiplied by.
    var scoreScale: Double { queriesAreScaled ? 1 : scale }

    /// Memory units of a key in panels.
    var units: Int { element.units(size) }

    /// Query rows taken together.
    static let rowBlock = 12

    /// Whether a block of rows may stop at its last visible key. Not where a fully masked row has to
    /// see every key.
    var stopsAtDiagonal: Bool {
        isCausal && !(hasKeyMask && fullyMaskedRow == .uniform)
    }
}

/// One (batch, head) of an attention kernel: its corners, extents and scratch.
struct AttentionHead {
    let attention: Attention
    let k: LoopBuilder
    let isa: VectorISA
    let batch: Value
    let head: Value
    /// Of this batch entry.
    let queries: Value
    let keys: Value
    /// Where this batch entry's tokens start in packed tensors.
    private let firstToken: Value?
    /// Rows and columns of the scores that dropout counts by, the latter also of the mask.
    private let scoreRows: Value
    private let scoreColumns: Value
    /// Keys rounded up to whole panels: the row length of scores in scratch.
    let paddedKeys: Int
    let dropout: DropoutMask?
    let firstBatch: Value
    private let selection: RowSelection?

    var lanes: Int { isa.lanes }
    /// Rows of scores lie this far apart: not a power of two, which would crowd few cache sets.
    var scoreStride: Int { paddedKeys + 16 }

    /// - Parameter offsets: of packed tensors.
    init(_ attention: Attention, builder: LoopBuilder, isa: VectorISA, offsets: Pointer?) {
        self.attention = attention
        self.isa = isa
        k = builder
        let parts = builder.parts([
            PartAxis(attention.batch), PartAxis(.constant(attention.heads)),
        ])
        (batch, head) = (parts[0], parts[1])
        scoreRows = builder.value(of: attention.queries)
        scoreColumns = builder.value(of: attention.keys)
        if let offsets {
            let place = offsets + batch
            let first = place.load().convert(.signExtend, .int64)
            keys = (place + 1).load().convert(.signExtend, .int64) - first
            queries = attention.packing == .all ? keys : scoreRows
            firstToken = first
        } else {
            (queries, keys, firstToken) = (scoreRows, scoreColumns, nil)
        }
        let width = isa.panelColumns
        paddedKeys = (attention.keys.bound + width - 1) / width * width
        let drops = attention.dropoutRate > 0
        dropout =
            drops
            ? DropoutMask(rate: attention.dropoutRate, builder: builder, isa: isa) : nil
        firstBatch = drops ? builder.parameter("firstBatch") : builder.constant(0)
        selection = drops && attention.hasSelectedRows ? RowSelection(builder) : nil
    }

    func queryCorner(_ tensor: Pointer, _ layout: HeadLayout) -> Pointer {
        let isPacked = attention.packing == .all
        return corner(tensor, layout, positions: queries, isPacked ? firstToken : nil)
    }

    func keyCorner(_ tensor: Pointer, _ layout: HeadLayout) -> Pointer {
        corner(tensor, layout, positions: keys, firstToken)
    }

    private func corner(
        _ tensor: Pointer, _ layout: HeadLayout, positions: Value, _ firstToken: Value?
    ) -> Pointer {
        let entry =
            firstToken.map { $0 * layout.positionStride }
            ?? layout.batchStride.map { batch * $0 }
            ?? batch * (positions * layout.positionStride)
        return tensor + entry + head * layout.headStride
    }

    /// The log-sum-exp of this part's first query.
    func logSumCorner(_ tensor: Pointer) -> Pointer {
        guard attention.packing == .all, let firstToken else {
            return tensor + (batch * attention.heads + head) * queries
        }
        return tensor + head * k.value(of: attention.tokens) + firstToken
    }

    /// Writes `[panel][size][panel columns]`, transposed and scaled, for all keys.
    func packTransposed(
        _ source: Pointer, stride: Int, size: Int, scale: Double?, to panels: Pointer
    ) {
        let packer = PanelPacker(
            builder: k, isa: isa, vectors: isa.panelVectors, scale: scale,
            element: attention.element)
        k.loop(k.constant(0), keys, step: isa.panelColumns) { first in
            packer.pack(
                source + first * stride, layout: .columns(stride: stride), depth: k.constant(size),
                columns: keys - first, to: panels + first * attention.element.units(size))
        }
    }

    /// Writes what the mask adds to each key's score; −∞ beyond the last key, to the panel's end.
    func fillKeyBias(_ mask: Pointer?, to bias: Pointer) {
        let rowStart = batch * scoreColumns
        k.loop(k.constant(0), wholePanels, step: lanes) { first in
            let exists = k.firstLanes(keys - first, of: lanes)
            var value = k.constant(Float(0), lanes: lanes)
            if let mask {
                let bytes = (mask + rowStart + first).load(lanes: lanes, mask: exists)
                let isVisible = Value.compare(.notEqual, bytes, bytes.like(0))
                value = isVisible.select(value, Attention.maskedScore)
            }
            let padding = -Double.infinity
            (bias + first).store(exists.map { $0.select(value, padding) } ?? value)
        }
    }

    /// The keys rounded up to whole panels.
    var wholePanels: Value {
        let width = isa.panelColumns
        return (keys + (width - 1)).quotient(width) * width
    }

    /// How many keys the rows below `endRow` can see, in whole panels and at most all.
    func visiblePanelEnd(_ endRow: Value) -> Value {
        let width = isa.panelColumns
        let all = wholePanels
        guard attention.stopsAtDiagonal else { return all }
        return ((endRow + (width - 1)).quotient(width) * width).minimum(all)
    }

    /// Masked scores of a tile of rows against one panel; see `exponent`.
    func scores(
        _ tile: RegisterTile, queries: TileOperand, panels: Pointer, bias: Pointer,
        firstRow: Value, firstKey: Value
    ) -> [Value] {
        let initial = tile.map { _, vector in
            (bias + firstKey + vector * lanes).load(lanes: lanes)
        }
        let panel = TileOperand(
            pointer: panels + firstKey * attention.units, depthStride: isa.panelColumns)
        let scores = tile.product(
            queries, panel, depth: k.constant(attention.units), initial: initial,
            rightIsPadded: true, bfloat16Pairs: attention.element == .bfloat16)
        guard attention.isCausal else { return scores }
        return tile.map { row, vector in
            let score = scores[row * tile.vectors + vector]
            let lane = k.emit(.laneIndices, ValueType(.int32, lanes: lanes))
            let lastVisible = (firstRow + row - firstKey - vector * lanes)
                .convert(.truncate, .int32)
            // Below, not equal: padding keeps its −∞.
            return (lane .<= lastVisible).select(
                score, score.minimum(score.like(Attention.maskedScore)))
        }
    }

    /// A score as an exponent of two. Not fused into the subtraction that follows: masked scores
    /// have to cancel.
    func exponent(_ score: Value) -> Value {
        attention.element == .float32 ? score : score * Attention.base2
    }

    /// Dropout factors of rows `firstRow ..< firstRow + rows`: the place of the first, and the
    /// distance between rows.
    func dropoutFactors(
        _ scratch: Pointer?, firstRow: Value, rows: Value
    ) -> (first: Pointer, rowStride: Value)? {
        guard let dropout, let scratch else { return nil }
        let groups = DropoutMask.groupCount(columns: scoreColumns)
        let row = ((firstBatch + batch) * attention.heads + head) * scoreRows + firstRow
        let first = dropout.fill(
            scratch, firstGroup: (selection?.row(row) ?? row) * groups, groupCount: groups * rows)
        return (first, groups * DropoutMask.groupColumns)
    }

    /// A scratch array for `dropoutFactors` of `rows` rows, if there is dropout.
    func dropoutScratch(rows: Int) -> Pointer? {
        guard dropout != nil else { return nil }
        let groups = (attention.keys.bound + 15) / 16
        // Reading whole panels may run past a row.
        let count = DropoutMask.scratchCount(groupCount: groups * rows) + isa.panelColumns
        return k.scratch("dropout", count: count)
    }

    /// `output[rows, size] (+)= left[rows, depth] · right[depth, size]` with the right operand in
    /// place, in column blocks that fit the register file.
    ///
    /// - Parameter rowCount: `rows` if it is known: its remainder then becomes one tile.
    func multiply(
        left: TileOperand, rows: Value, rowCount: Int?, depth: Value, right: Pointer,
        rightStride: Int, size: Int, output: Pointer, outputStride: Int, accumulates: Bool = false,
        finish: (_ row: Value, _ value: Value) -> Value = { $1 }
    ) {
        let width = isa.panelColumns
        for first in stride(from: 0, to: size, by: width) {
            let columns = min(width, size - first)
            let tileRows = isa.tileRows(vectors: (columns + lanes - 1) / lanes)
            k.forEachRowTile(
                from: k.constant(0), to: rows, tileRows: tileRows,
                remainder: rowCount.map { $0 % tileRows }
            ) { firstRow, count in
                let tile = RegisterTile(rows: count, columns: columns, lanes: lanes, builder: k)
                var operand = left
                operand.pointer = left.pointer + firstRow * left.rowStride
                let corner = output + firstRow * outputStride + first
                let sums = tile.product(
                    operand, TileOperand(pointer: right + first, depthStride: rightStride),
                    depth: depth,
                    initial: accumulates
                        ? tile.load(corner, rowStride: outputStride) : tile.zeros(),
                    rightIsPadded: false)
                let results = tile.map { row, vector in
                    finish(firstRow + row, sums[row * tile.vectors + vector])
                }
                tile.store(results, to: corner, rowStride: outputStride)
            }
        }
    }
}
