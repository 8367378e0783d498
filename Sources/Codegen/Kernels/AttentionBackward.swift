extension Attention {
    /// Query rows whose probabilities are held at a time. A multiple of every tile's rows.
    static let backwardRows = 48

    /// Kernel: the gradients of q, k and v, with the probabilities recomputed from `logSumExp`:
    ///
    /// `dS = P ∘ (f∘(dO·vᵀ) − rowsum(O∘dO))`, `dq = scale·dS·k`, `dk = scale·dSᵀ·q`,
    /// `dv = (f∘P)ᵀ·dO`, where f are the dropout factors.
    ///
    /// Buffers: `query`, `key`, `value`, `output`, `outputGradient` (laid out like `output`),
    /// `logSumExp`; `queryGradient`, `keyGradient`, `valueGradient` (out, laid out like their
    /// tensors); `keyMask` (bytes) if `hasKeyMask`; `offsets` if anything is packed.
    package func lowerBackward(
        to isa: VectorISA, name: String = "attentionGradient"
    ) throws -> LoopFunction {
        let k = LoopBuilder(name)
        let inputs = ["query", "key", "value", "output", "outputGradient"].map { k.input($0) }
        let logSumExp = k.input("logSumExp")
        let outputs = ["queryGradient", "keyGradient", "valueGradient"].map { k.output($0) }
        let mask = hasKeyMask ? k.input("keyMask", .int8) : nil
        let offsets = packing == .none ? nil : k.input("offsets", .int32)
        let head = AttentionHead(self, builder: k, isa: isa, offsets: offsets)

        let rows = Attention.backwardRows
        let backward = AttentionBackward(
            head: head, query: head.queryCorner(inputs[0], query),
            key: head.keyCorner(inputs[1], key),
            output: head.queryCorner(inputs[3], output),
            outputGradient: head.queryCorner(inputs[4], output),
            logSumExp: head.logSumCorner(logSumExp),
            queryGradient: head.queryCorner(outputs[0], query),
            keyPanels: k.scratch("keyPanels", element.unitType, count: head.paddedKeys * units),
            valuePanels: k.scratch(
                "valuePanels", element.unitType,
                count: head.paddedKeys * element.units(valueSize)),
            bias: k.scratch("keyBias", count: head.paddedKeys),
            probabilities: k.scratch("probabilities", count: rows * head.scoreStride),
            scoreGradients: k.scratch("scoreGradients", count: rows * head.scoreStride),
            rowDots: k.scratch("rowDots", count: rows),
            keyGradient: k.scratch("keyGradient", count: head.paddedKeys * size),
            valueGradient: k.scratch("valueGradient", count: head.paddedKeys * valueSize),
            dropout: head.dropoutScratch(rows: rows),
            pairs: element == .float32 ? nil : AttentionBackwardPairs(head: head))
        head.fillKeyBias(mask, to: backward.bias)
        head.packTransposed(
            backward.key, stride: key.positionStride, size: size, scale: keyScale,
            to: backward.keyPanels)
        head.packTransposed(
            head.keyCorner(inputs[2], value), stride: value.positionStride,
            size: valueSize, scale: nil, to: backward.valuePanels)
        backward.pairs?.packKeys(backward.key)
        backward.clearAccumulators()
        k.loop(k.constant(0), head.queries, step: rows) { firstRow in
            backward.emitRows(firstRow, (head.queries - firstRow).minimum(k.constant(rows)))
        }
        backward.writeAccumulators(
            head.keyCorner(outputs[1], key),
            head.keyCorner(outputs[2], value))
        return try k.finish()
    }
}

struct AttentionBackward {
    let head: AttentionHead
    let query: Pointer
    let key: Pointer
    let output: Pointer
    let outputGradient: Pointer
    let logSumExp: Pointer
    let queryGradient: Pointer
    let keyPanels: Pointer
    let valuePanels: Pointer
    let bias: Pointer
    let probabilities: Pointer
    let scoreGradients: Pointer
    let rowDots: Pointer
    let keyGradient: Pointer
    let valueGradient: Pointer
    let dropout: Pointer?
    let pairs: AttentionBackwardPairs?

    var attention: Attention { head.attention }
    var k: LoopBuilder { head.k }
    var lanes: Int { head.lanes }
    var queryCount: Int? {
        if attention.packing != .all, case .constant(let count) = attention.queries {
            count
        } else {
            nil
        }
    }
    var keyCount: Int? {
        if case .constant(let count) = attention.keys, attention.packing == .none,
            !attention.stopsAtDiagonal
        {
            count
        } else {
            nil
        }
    }

    func clearAccumulators() {
        let zero = k.constant(Float(0), lanes: lanes)
        for (accumulator, size) in [
            (keyGradient, attention.size), (valueGradient, attention.valueSize),
        ] {
            k.loop(k.constant(0), head.wholePanels * size, step: lanes) {
                (accumulator + $0).store(zero)
            }
        }
    }

    /// A block of query rows, all the way to the gradients it adds to.
    func emitRows(_ firstRow: Value, _ rows: Value) {
        let panelEnd = head.visiblePanelEnd(firstRow + rows)
        let visibleKeys = panelEnd.minimum(head.keys)
        emitRowDots(firstRow, rows)
        let factors = head.dropoutFactors(dropout, firstRow: firstRow, rows: rows)
        if let pairs {
            pairs.convert(query: query, outputGradient: outputGradient, firstRow, rows)
            emitPairs(pairs, firstRow, rows, panelEnd: panelEnd, factors)
            emitProducts(pairs, firstRow, rows, visibleKeys)
            return
        }
        let tileRows = head.isa.tileRows(vectors: head.isa.panelVectors)
        k.forEachRowTile(
            from: k.constant(0), to: rows, tileRows: tileRows,
            remainder: queryCount.map { $0 % tileRows }
        ) { row, count in
            k.loop(k.constant(0), panelEnd, step: head.isa.panelColumns) { firstKey in
                let tile = RegisterTile(
                    rows: count, columns: head.isa.panelColumns, lanes: lanes, builder: k)
                emitProbabilities(tile, firstRow, row, firstKey)
                emitScoreGradients(tile, firstRow, row, firstKey, factors)
            }
        }
        emitQueryGradient(firstRow, rows, visibleKeys)
        addTransposedProduct(
            probabilities, outputGradient, attention.output.positionStride, firstRow, rows,
            visibleKeys, size: attention.valueSize, to: valueGradient)
        addTransposedProduct(
            scoreGradients, query, attention.query.positionStride, firstRow, rows, visibleKeys,
            size: attention.size, to: keyGradient)
    }

    /// Σ output ∘ outputGradient of each row.
    private func emitRowDots(_ firstRow: Value, _ rows: Value) {
        let stride = attention.output.positionStride
        k.loop(k.constant(0), rows) { row in
            var sum = k.constant(Float(0), lanes: lanes)
            for first in Swift.stride(from: 0, to: attention.valueSize, by: lanes) {
                let mask = k.firstLanes(k.constant(attention.valueSize - first), of: lanes)
                let offset = (firstRow + row) * stride + first
                sum = (output + offset).load(lanes: lanes, mask: mask).multiplied(
                    by: (outputGradient + offset).load(lanes: lanes, mask: mask), adding: sum)
            }
            (rowDots + row).store(sum.reduce(.sum))
        }
    }

    private func emitProbabilities(
        _ tile: RegisterTile, _ firstRow: Value, _ row: Value, _ firstKey: Value
    ) {
        let stride = attention.query.positionStride
        let first = firstRow + row
        let scores = head.scores(
            tile,
            queries: TileOperand(
                pointer: query + first * stride, rowStride: stride, depthStride: 1),
            panels: keyPanels, bias: bias, firstRow: first, firstKey: firstKey)
        let values = tile.map { tileRow, vector in
            probability(
                scores[tileRow * tile.vectors + vector],
                logSum: (logSumExp + first + tileRow).load())
        }
        tile.store(values, to: place(probabilities, row, firstKey), rowStride: head.scoreStride)
    }

    func probability(_ score: Value, logSum: Value) -> Value {
        let power = VectorMath.exp2Flushing(head.exponent(score) - logSum)
        guard attention.fullyMaskedRow == .uniform, attention.hasKeyMask else { return power }
        // A row of nothing but masked keys: its sum, the number of keys, vanished beside the
        // masked score.
        let isEmpty = logSum .< Attention.maskedScore / 2
        let share = 1 / head.keys.convert(.signedToFloat, .float32)
        return power * isEmpty.select(share, 1)
    }

    private func emitScoreGradients(
        _ tile: RegisterTile, _ firstRow: Value, _ row: Value, _ firstKey: Value,
        _ factors: (first: Pointer, rowStride: Value)?
    ) {
        let stride = attention.output.positionStride
        let first = firstRow + row
        let gradients = tile.product(
            TileOperand(
                pointer: outputGradient + (firstRow + row) * stride, rowStride: stride,
                depthStride: 1),
            TileOperand(
                pointer: valuePanels + firstKey * attention.valueSize,
                depthStride: head.isa.panelColumns),
            depth: k.constant(attention.valueSize), initial: tile.zeros(), rightIsPadded: true)
        let corner = place(probabilities, row, firstKey)
        let values = tile.map { tileRow, vector in
            let offset = tileRow * head.scoreStride + vector * lanes
            let probability = (corner + offset).load(lanes: lanes)
            var gradient = gradients[tileRow * tile.vectors + vector]
            if let factors {
                let factor =
                    (factors.first + factors.rowStride * (row + tileRow) + firstKey
                    + vector * lanes).load(lanes: lanes)
                gradient = gradient * factor
                (corner + offset).store(probability * factor)
            }
            return slope(
                gradient, probability: probability, rowDot: (rowDots + row + tileRow).load(),
                logSum: (logSumExp + first + tileRow).load())
        }
        tile.store(values, to: place(scoreGradients, row, firstKey), rowStride: head.scoreStride)
    }

    func slope(_ gradient: Value, probability: Value, rowDot: Value, logSum: Value) -> Value {
        let slope = (gradient - rowDot) * probability
        guard attention.fullyMaskedRow == .uniform, attention.hasKeyMask else { return slope }
        // The scores of a row of masked keys are constants.
        let isEmpty = logSum .< Attention.maskedScore / 2
        return slope * isEmpty.select(k.constant(Float(0)), 1)
    }

    private func place(_ scores: Pointer, _ row: Value, _ firstKey: Value) -> Pointer {
        scores + row * head.scoreStride + firstKey
    }

    private func emitQueryGradient(_ firstRow: Value, _ rows: Value, _ visibleKeys: Value) {
        let stride = attention.query.positionStride
        head.multiply(
            left: TileOperand(
                pointer: scoreGradients, rowStride: head.scoreStride, depthStride: 1),
            rows: rows, rowCount: queryCount, depth: visibleKeys, right: key,
            rightStride: attention.key.positionStride, size: attention.size,
            output: queryGradient + firstRow * stride, outputStride: stride
        ) { _, sum in sum * attention.scale }
    }

    /// `gradient[keys, size] += scoresᵀ · right`: the tile walks a column of the scores.
    private func addTransposedProduct(
        _ scores: Pointer, _ right: Pointer, _ stride: Int, _ firstRow: Value, _ rows: Value,
        _ visibleKeys: Value, size: Int, to gradient: Pointer
    ) {
        head.multiply(
            left: TileOperand(pointer: scores, rowStride: 1, depthStride: head.scoreStride),
            rows: visibleKeys, rowCount: keyCount, depth: rows, right: right + firstRow * stride,
            rightStride: stride, size: size, output: gradient, outputStride: size,
            accumulates: true)
    }

    func writeAccumulators(_ keyOutput: Pointer, _ valueOutput: Pointer) {
        for (accumulator, output, stride, size, scale) in [
            (
                // Pairs of queries are scaled.
                keyGradient, keyOutput, attention.key.positionStride, attention.size,
                pairs == nil ? attention.scoreScale : 1
            ),
            (
                valueGradient, valueOutput, attention.value.positionStride, attention.valueSize,
                1.0
            ),
        ] {
            k.loop(k.constant(0), head.keys) { row in
                for first in Swift.stride(from: 0, to: size, by: lanes) {
                    let mask = k.firstLanes(k.constant(size - first), of: lanes)
                    let value = (accumulator + row * size + first).load(lanes: lanes, mask: mask)
                    (output + row * stride + first).store(value * scale, mask: mask)
                }
            }
        }
    }
}
