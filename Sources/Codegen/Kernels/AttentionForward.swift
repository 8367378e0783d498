extension Attention {
    /// Kernel: attention's output, and for the backward pass the logarithm (base 2) of each row's
    /// sum of exponentials.
    ///
    /// Buffers: `query`, `key`, `value`, `output`; `keyMask` (bytes) if `hasKeyMask`; `logSumExp`
    /// `[batch, heads, queries]` if `savesLogSumExp`; `offsets` if anything is packed.
    package func lowerForward(
        to isa: VectorISA, savesLogSumExp: Bool = false, name: String = "attention"
    ) throws -> LoopFunction {
        let k = LoopBuilder(name)
        let tensors = (k.input("query"), k.input("key"), k.input("value"), k.output("output"))
        let mask = hasKeyMask ? k.input("keyMask", .int8) : nil
        let logSumExp = savesLogSumExp ? k.output("logSumExp") : nil
        let offsets = packing == .none ? nil : k.input("offsets", .int32)
        let head = AttentionHead(self, builder: k, isa: isa, offsets: offsets)

        let rows = Attention.rowBlock
        let forward = AttentionForward(
            head: head, query: head.queryCorner(tensors.0, query),
            value: head.keyCorner(tensors.2, value),
            output: head.queryCorner(tensors.3, output),
            logSumExp: logSumExp.map { head.logSumCorner($0) },
            panels: k.scratch("keyPanels", element.unitType, count: head.paddedKeys * units),
            bias: k.scratch("keyBias", count: head.paddedKeys),
            scores: k.scratch("scores", count: rows * head.scoreStride),
            maxima: k.scratch("maxima", count: rows), inverses: k.scratch("inverses", count: rows),
            dropout: head.dropoutScratch(rows: rows),
            pairs: element == .float32 ? nil : AttentionForwardPairs(head: head))
        head.fillKeyBias(mask, to: forward.bias)
        forward.pairs?.packValues(forward.value)
        head.packTransposed(
            head.keyCorner(tensors.1, key), stride: key.positionStride,
            size: size, scale: keyScale, to: forward.panels)

        var remainder: Int?
        if packing != .all, case .constant(let count) = queries { remainder = count % rows }
        k.forEachRowTile(
            from: k.constant(0), to: head.queries, tileRows: rows, remainder: remainder,
            forward.emitRows)
        return try k.finish()
    }
}

/// A block of query rows: scores, softmax, product with the values.
private struct AttentionForward {
    let head: AttentionHead
    let query: Pointer
    let value: Pointer
    let output: Pointer
    let logSumExp: Pointer?
    let panels: Pointer
    let bias: Pointer
    let scores: Pointer
    /// The largest score of each row.
    let maxima: Pointer
    /// 1/sum of each row.
    let inverses: Pointer
    let dropout: Pointer?
    let pairs: AttentionForwardPairs?

    private var attention: Attention { head.attention }
    private var k: LoopBuilder { head.k }
    private var lanes: Int { head.lanes }

    func emitRows(firstRow: Value, rows: Int) {
        let panelEnd = head.visiblePanelEnd(firstRow + rows)
        pairs?.convertQueries(query, firstRow: firstRow, rows: rows)
        emitScores(firstRow, rows, panelEnd)
        let factors = head.dropoutFactors(dropout, firstRow: firstRow, rows: k.constant(rows))
        // All maxima first: no row's exponentials then wait for its own.
        k.loop(rows) { emitMaximum($0, panelEnd) }
        k.loop(rows) { row in
            emitSoftmax(
                row, firstRow, panelEnd,
                factors: factors.map { $0.first + $0.rowStride * row })
        }
        let stride = attention.output.positionStride
        if let pairs {
            pairs.multiply(
                rows: rows, depth: panelEnd.minimum(head.keys), output: output + firstRow * stride
            ) { row, sum in sum * (inverses + row).load() }
            return
        }
        head.multiply(
            left: TileOperand(pointer: scores, rowStride: head.scoreStride, depthStride: 1),
            rows: k.constant(rows), rowCount: rows, depth: panelEnd.minimum(head.keys),
            right: value, rightStride: attention.value.positionStride, size: attention.valueSize,
            output: output + firstRow * stride, outputStride: stride
        ) { row, sum in sum * (inverses + row).load() }
    }

    /// Scores of the rows against all visible panels, to scratch.
    private func emitScores(_ firstRow: Value, _ rows: Int, _ panelEnd: Value) {
        let tileRows = head.isa.tileRows(vectors: head.isa.panelVectors)
        let stride = attention.query.positionStride
        k.loop(k.constant(0), panelEnd, step: head.isa.panelColumns) { firstKey in
            k.forEachRowTile(
                from: k.constant(0), to: k.constant(rows), tileRows: tileRows,
                remainder: rows % tileRows
            ) { first, count in
                let tile = RegisterTile(
                    rows: count, columns: head.isa.panelColumns, lanes: lanes, builder: k)
                let queries =
                    pairs?.queries(first)
                    ?? TileOperand(
                        pointer: query + (firstRow + first) * stride, rowStride: stride,
                        depthStride: 1)
                let values = head.scores(
                    tile, queries: queries, panels: panels, bias: bias,
                    firstRow: firstRow + first, firstKey: firstKey)
                tile.store(
                    values, to: scores + first * head.scoreStride + firstKey,
                    rowStride: head.scoreStride)
            }
        }
    }

    private func emitMaximum(_ row: Value, _ panelEnd: Value) {
        let line = scores + row * head.scoreStride
        let vectors = head.isa.panelVectors
        let width = head.isa.panelColumns
        let lowest = k.constant(-Float.infinity, lanes: lanes)
        let maxima = k.loop(
            k.constant(0), panelEnd, step: width,
            carrying: Array(repeating: lowest, count: vectors)
        ) { first, maxima in
            maxima.enumerated().map { vector, best in
                (line + first + vector * lanes).load(lanes: lanes).maximum(best)
            }
        }
        let maximum = maxima.dropFirst().reduce(maxima[0]) { $0.maximum($1) }.reduce(.maximum)
        (self.maxima + row).store(head.exponent(maximum))
    }

    /// Replaces one row of scores by powers of two relative to its maximum, times the dropout
    /// factors, which the sum leaves out; or writes those as pairs.
    private func emitSoftmax(
        _ row: Value, _ firstRow: Value, _ panelEnd: Value, factors: Pointer?
    ) {
        let line = scores + row * head.scoreStride
        let maximum = (maxima + row).load()
        let zero = k.constant(Float(0), lanes: lanes)
        let sums = k.loop(
            k.constant(0), panelEnd, step: head.isa.panelColumns,
            carrying: Array(repeating: zero, count: head.isa.panelVectors)
        ) { first, sums in
            let powers = sums.indices.map { vector in
                let score = (line + first + vector * lanes).load(lanes: lanes)
                return VectorMath.exp2Flushing(head.exponent(score) - maximum)
            }
            let dropped = powers.enumerated().map { vector, power in
                let place = factors.map { $0 + first + vector * lanes }
                return place.map { power * $0.load(lanes: lanes) } ?? power
            }
            if let pairs {
                pairs.store(dropped, row: row, firstKey: first)
            } else {
                for (vector, value) in dropped.enumerated() {
                    (line + first + vector * lanes).store(value)
                }
            }
            return zip(sums, powers).map { $0 + $1 }
        }
        let sum = sums.dropFirst().reduce(sums[0]) { $0 + $1 }.reduce(.sum)
        emitNormalizer(row, firstRow, maximum: maximum, sum: sum)
    }

    private func emitNormalizer(
        _ row: Value, _ firstRow: Value, maximum: Value, sum: Value
    ) {
        var inverse = 1 / sum
        var logSum = maximum + VectorMath.log(sum) * Attention.base2
        if attention.fullyMaskedRow == .zero {
            // Nothing visible: no weight now, and none when the backward pass recomputes it.
            let isEmpty = maximum .< Attention.maskedScore / 2
            inverse = isEmpty.select(inverse.like(0), inverse)
            logSum = isEmpty.select(logSum.like(-Attention.maskedScore), logSum)
        }
        (inverses + row).store(inverse)
        logSumExp.map { ($0 + firstRow + row).store(logSum) }
    }
}
