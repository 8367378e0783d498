/// What the backward pass keeps in scratch as bfloat16 pairs, for a block of query rows.
struct AttentionBackwardPairs {
    fileprivate let head: AttentionHead
    /// Rows of `scale · q` and of the output's gradient, in pairs along the head's size.
    fileprivate let queryPairs: Pointer
    fileprivate let gradientPairs: Pointer
    fileprivate let queryConverter: BFloat16Rows
    fileprivate let gradientConverter: BFloat16Rows
    /// Keys, `scale · q` and the output's gradient, in pairs of neighbouring positions.
    fileprivate let keyRows: PairedRows
    fileprivate let queryRows: PairedRows
    fileprivate let gradientRows: PairedRows
    /// Probabilities times dropout factors, and slopes, in pairs of neighbouring query rows.
    fileprivate let probabilities: Pointer
    fileprivate let slopes: Pointer
    /// Slopes in pairs of neighbouring keys.
    fileprivate let slopeRows: Pointer
    /// The probabilities of one tile.
    fileprivate let tileProbabilities: Pointer

    init(head: AttentionHead) {
        self.head = head
        let (attention, rows, k) = (head.attention, Attention.backwardRows, head.k)
        queryConverter = head.rowConverter(
            stride: attention.query.positionStride, size: attention.size, rowBound: rows,
            scale: attention.scale)
        gradientConverter = head.rowConverter(
            stride: attention.output.positionStride, size: attention.valueSize, rowBound: rows)
        queryPairs = k.scratch("queryPairs", .int32, count: queryConverter.unitCount)
        gradientPairs = k.scratch("gradientPairs", .int32, count: gradientConverter.unitCount)
        keyRows = PairedRows(
            head, "keyRows", rowBound: attention.keys.bound, size: attention.size)
        queryRows = PairedRows(head, "queryRows", rowBound: rows, size: attention.size)
        gradientRows = PairedRows(head, "gradientRows", rowBound: rows, size: attention.valueSize)
        probabilities = k.scratch("probabilityPairs", .int32, count: rows / 2 * head.scoreStride)
        slopes = k.scratch("slopePairs", .int32, count: rows / 2 * head.scoreStride)
        slopeRows = k.scratch("slopeRows", .int32, count: rows * head.pairStride)
        let tileRows = head.isa.tileRows(vectors: head.isa.panelVectors)
        tileProbabilities = k.scratch("tile", count: tileRows * head.isa.panelColumns)
    }

    func packKeys(_ key: Pointer) {
        keyRows.pack(key, stride: head.attention.key.positionStride, rows: head.keys)
    }

    /// Both forms of a block's queries and gradients.
    func convert(query: Pointer, outputGradient: Pointer, _ firstRow: Value, _ rows: Value) {
        for (source, converter, pairs, across) in [
            (query, queryConverter, queryPairs, queryRows),
            (outputGradient, gradientConverter, gradientPairs, gradientRows),
        ] {
            let block = source + firstRow * converter.rowStride
            converter.convert(
                block, rows: rows, depth: head.k.constant(converter.depthBound), to: pairs)
            across.pack(
                block, stride: converter.rowStride, rows: rows,
                scale: converter.scale)
        }
    }
}

extension AttentionBackward {
    /// Probabilities and slopes of a block of rows, as pairs.
    func emitPairs(
        _ pairs: AttentionBackwardPairs, _ firstRow: Value, _ rows: Value, panelEnd: Value,
        _ factors: (first: Pointer, rowStride: Value)?
    ) {
        forEachEvenTile(rows) { row, count, isHalf in
            k.loop(k.constant(0), panelEnd, step: head.isa.panelColumns) { firstKey in
                let tile = RegisterTile(
                    rows: count, columns: head.isa.panelColumns, lanes: lanes, builder: k)
                emitTile(pairs, tile, isHalf: isHalf, firstRow, row, firstKey, factors)
            }
        }
    }

    /// Tiles of an even number of rows; `isHalf` where the last of them is one too many.
    private func forEachEvenTile(
        _ rows: Value, _ body: (_ row: Value, _ count: Int, _ isHalf: Bool) -> Void
    ) {
        let tileRows = head.isa.tileRows(vectors: head.isa.panelVectors)
        let wholeEnd = rows.quotient(tileRows) * tileRows
        k.loop(k.constant(0), wholeEnd, step: tileRows) { body($0, tileRows, false) }
        if let remainder = queryCount.map({ $0 % tileRows }) {
            if remainder > 0 {
                k.branch(wholeEnd .< rows) {
                    body(wholeEnd, (remainder + 1) / 2 * 2, remainder % 2 > 0)
                }
            }
            return
        }
        let evenEnd = rows.quotient(2) * 2
        k.loop(wholeEnd, evenEnd, step: 2) { body($0, 2, false) }
        k.branch(evenEnd .< rows) { body(evenEnd, 2, true) }
    }

    private func emitTile(
        _ pairs: AttentionBackwardPairs, _ tile: RegisterTile, isHalf: Bool, _ firstRow: Value,
        _ row: Value, _ firstKey: Value, _ factors: (first: Pointer, rowStride: Value)?
    ) {
        let logSums = (0..<tile.rows).map { tileRow in
            // A row too many may lie beyond the tensor.
            let place = firstRow + row + tileRow
            return (logSumExp + (isHalf ? place.minimum(head.queries - 1) : place)).load()
        }
        let scores = head.scores(
            tile, queries: pairs.queryConverter.operand(pairs.queryPairs, row: row),
            panels: keyPanels, bias: bias, firstRow: firstRow + row, firstKey: firstKey)
        let width = head.isa.panelColumns
        tile.store(
            tile.map { tileRow, vector in
                probability(scores[tileRow * tile.vectors + vector], logSum: logSums[tileRow])
            }, to: pairs.tileProbabilities, rowStride: width)
        let valueUnits = attention.element.units(attention.valueSize)
        let gradients = tile.product(
            pairs.gradientConverter.operand(pairs.gradientPairs, row: row),
            TileOperand(pointer: valuePanels + firstKey * valueUnits, depthStride: width),
            depth: k.constant(valueUnits), initial: tile.zeros(), rightIsPadded: true,
            bfloat16Pairs: true)

        /// Probabilities times dropout factors, and slopes, of one row.
        func values(_ tileRow: Int) -> (dropped: [Value], slopes: [Value]) {
            var (dropped, slopes): ([Value], [Value]) = ([], [])
            for vector in 0..<tile.vectors {
                let probability = (pairs.tileProbabilities + tileRow * width + vector * lanes)
                    .load(lanes: lanes)
                var gradient = gradients[tileRow * tile.vectors + vector]
                var weight = probability
                if let factors {
                    let factor =
                        (factors.first + factors.rowStride * (row + tileRow) + firstKey
                        + vector * lanes).load(lanes: lanes)
                    gradient = gradient * factor
                    weight = weight * factor
                }
                let slope = slope(
                    gradient, probability: probability,
                    rowDot: (rowDots + row + tileRow).load(), logSum: logSums[tileRow])
                dropped.append(weight)
                slopes.append(slope)
            }
            guard isHalf, tileRow == tile.rows - 1 else { return (dropped, slopes) }
            let zeros = dropped.map { $0.like(0.0) }
            return (zeros, zeros)
        }
        for tileRow in stride(from: 0, to: tile.rows, by: 2) {
            let (first, second) = (values(tileRow), values(tileRow + 1))
            let across = (row + tileRow).quotient(2) * head.scoreStride + firstKey
            for vector in 0..<tile.vectors {
                let offset = across + vector * lanes
                (pairs.probabilities + offset)
                    .store(first.dropped[vector].bfloat16Pair(with: second.dropped[vector]))
                (pairs.slopes + offset)
                    .store(first.slopes[vector].bfloat16Pair(with: second.slopes[vector]))
            }
            for (index, slopes) in [first.slopes, second.slopes].enumerated() {
                let line = pairs.slopeRows + (row + tileRow + index) * head.pairStride
                head.storePairs(slopes, to: line + firstKey.quotient(2))
            }
        }
    }

    /// `dq = scale·dS·k`, and what this block adds to dk and dv.
    func emitProducts(
        _ pairs: AttentionBackwardPairs, _ firstRow: Value, _ rows: Value, _ visibleKeys: Value
    ) {
        let stride = attention.query.positionStride
        pairs.keyRows.multiply(
            left: TileOperand(
                pointer: pairs.slopeRows, rowStride: head.pairStride, depthStride: 1),
            rows: rows, rowCount: queryCount, depth: visibleKeys,
            output: queryGradient + firstRow * stride, outputStride: stride
        ) { _, sum in sum * attention.scale }
        for (left, right, gradient) in [
            (pairs.probabilities, pairs.gradientRows, valueGradient),
            (pairs.slopes, pairs.queryRows, keyGradient),
        ] {
            right.multiply(
                left: TileOperand(pointer: left, rowStride: 1, depthStride: head.scoreStride),
                rows: visibleKeys, rowCount: keyCount, depth: rows, output: gradient,
                outputStride: right.size, accumulates: true)
        }
    }
}
