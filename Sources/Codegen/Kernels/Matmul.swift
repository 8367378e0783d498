/// One axis of a batch of products, with what it adds to each operand's offset.
package struct BatchAxis: Hashable, Sendable {
    package var extent: Extent
    package var leftStride: Int
    package var rightStride: Int
    package var outputStride: Int

    package init(_ extent: Extent, leftStride: Int, rightStride: Int, outputStride: Int) {
        self.extent = extent
        self.leftStride = leftStride
        self.rightStride = rightStride
        self.outputStride = outputStride
    }
}

/// Kernel: `output[rows, columns] = epilogue(left[rows, depth] · right[depth, columns])`.
///
/// The left operand is read in place, whatever its strides; so the gradient of a weight, `Xᵀ·dY`, is
/// the same kernel with the strides of X exchanged. The right operand is packed ahead (`packed`) or
/// panel by panel into scratch.
///
/// With bfloat16 operands both are held in pairs of neighbours along the depth (`ConvertToBFloat16`,
/// `PackPanels`), products are summed in float32, and the output is float32.
///
/// Buffers: `left`, `right`, `output`, then the epilogue's.
package struct Matmul: Hashable, Sendable {
    package var rows: Extent
    package var columns: Int
    package var depth: Extent
    package var leftRowStride: Int
    package var leftDepthStride: Int
    package var right: RightLayout
    package var outputRowStride: Int
    package var epilogue: [EpilogueStep]
    /// Adds to what `output` holds.
    package var accumulates: Bool
    /// Sums each stretch of this many depth steps on its own, to `output[chunk, row, column]` with
    /// chunks `chunkStride` apart: more parts, and sums whose order hangs on the size alone.
    package var depthChunk: Int?
    package var chunkStride: Int
    package var batch: [BatchAxis]
    package var element: MatrixElement

    /// Strides are in elements; those of a bfloat16 left operand must be even.
    package init(
        rows: Extent, columns: Int, depth: Extent, leftRowStride: Int, leftDepthStride: Int = 1,
        right: RightLayout = .packed, outputRowStride: Int, epilogue: [EpilogueStep] = [],
        accumulates: Bool = false, depthChunk: Int? = nil, chunkStride: Int = 0,
        batch: [BatchAxis] = [], element: MatrixElement = .float32
    ) {
        self.element = element
        self.rows = rows
        self.columns = columns
        self.depth = depth
        self.leftRowStride = leftRowStride
        self.leftDepthStride = leftDepthStride
        self.right = right
        self.outputRowStride = outputRowStride
        self.epilogue = epilogue
        self.accumulates = accumulates
        self.depthChunk = depthChunk
        self.chunkStride = chunkStride
        self.batch = batch
    }

    package func lower(to isa: VectorISA, name: String = "matmul") throws -> LoopFunction {
        try check()
        var emitter = MatmulEmitter(matmul: inUnits, isa: isa, name: name)
        emitter.emit()
        return try emitter.k.finish()
    }

    private func check() throws {
        if right == .packed, case .parameter(let name, _) = depth {
            throw CodegenError(
                "matmul: a packed right operand needs a constant depth, not \(name)")
        }
        if right == .packed, depthChunk != nil {
            throw CodegenError("matmul: a packed right operand cannot be taken in depth chunks")
        }
        if element == .bfloat16, right != .packed || leftDepthStride != 1 || leftRowStride % 2 != 0
        {
            throw CodegenError(
                "matmul: bfloat16 needs a packed right operand and a left one in pairs, rows an "
                    + "even number of elements apart")
        }
        if accumulates, !epilogue.isEmpty {
            throw CodegenError("matmul: accumulating takes no epilogue")
        }
    }

    /// What the emitter works with: bfloat16 pairs are its elements.
    fileprivate var inUnits: Matmul {
        guard element == .bfloat16 else { return self }
        var copy = self
        copy.depth = .constant(element.units(depth.bound))
        copy.leftRowStride /= 2
        for index in batch.indices {
            copy.batch[index].leftStride /= 2
            copy.batch[index].rightStride /= 2
        }
        return copy
    }

    /// Rows and panels of one part. Small enough to spread over threads, large enough that a panel
    /// is read from memory once for many rows.
    func partShape(isa: VectorISA) -> (rows: Int, panels: Int) {
        let panels = max(1, PanelShape(columns: columns, isa: isa).count)
        // Blocks of like size: a panel packed for a short last block would cost as much as for a
        // long one. A multiple of every tile's rows.
        let rowCount = max(rows.bound, 1)
        // Long blocks pack each panel less often; few panels leave too few parts for them.
        let mostRows = panels >= 12 ? 528 : 360
        let blockCount = (rowCount + mostRows - 1) / mostRows
        let rowsRounded = ((rowCount + blockCount - 1) / blockCount + 23) / 24 * 24
        let depthPerPart = max(1, min(depth.bound, depthChunk ?? .max))
        let panelCost = 2 * rowsRounded * depthPerPart * isa.panelColumns
        let wanted = 8_000_000
        return (rowsRounded, min(panels, max(1, wanted / panelCost)))
    }
}

/// The steps of lowering one `Matmul`.
private struct MatmulEmitter {
    let matmul: Matmul
    let isa: VectorISA
    let k: LoopBuilder
    let left: Pointer
    let right: Pointer
    let output: Pointer
    let epilogue: Epilogue
    let shape: PanelShape

    // Known once the part index is taken apart.
    var leftCorner: Pointer
    var rightCorner: Pointer
    var outputOffset: Value
    var depth: Value

    init(matmul: Matmul, isa: VectorISA, name: String) {
        self.matmul = matmul
        self.isa = isa
        k = LoopBuilder(name)
        left = k.input("left", matmul.element.unitType)
        right = k.input("right", matmul.element.unitType)
        output = k.output("output")
        epilogue = Epilogue(matmul.epilogue, builder: k)
        shape = PanelShape(columns: matmul.columns, isa: isa)
        (leftCorner, rightCorner) = (left, right)
        outputOffset = k.constant(0)
        depth = k.value(of: matmul.depth)
    }

    mutating func emit() {
        let part = matmul.partShape(isa: isa)
        let blocks = k.parts(
            matmul.batch.map { PartAxis($0.extent) }
                + [
                    matmul.depthChunk.map { PartAxis(matmul.depth, blockSize: $0) } ?? PartAxis(1),
                    PartAxis(matmul.rows, blockSize: part.rows),
                    PartAxis(.constant(shape.count), blockSize: part.panels),
                ])
        for (axis, index) in zip(matmul.batch, blocks) {
            leftCorner = leftCorner + index * axis.leftStride
            rightCorner = rightCorner + index * axis.rightStride
            outputOffset = outputOffset + index * axis.outputStride
        }
        let (chunk, rowBlock, panelBlock) = (
            blocks[blocks.count - 3], blocks[blocks.count - 2], blocks[blocks.count - 1]
        )
        if let size = matmul.depthChunk { takeChunk(chunk, size) }

        let firstRow = rowBlock * part.rows
        let endRow = (firstRow + part.rows).minimum(k.value(of: matmul.rows))
        let firstPanel = panelBlock * part.panels
        let endPanel = firstPanel + part.panels
        let full = k.constant(shape.fullCount)
        k.loop(firstPanel, endPanel.minimum(full)) { panel in
            emitPanel(panel, columns: shape.width, firstRow, endRow)
        }
        if shape.remainder > 0 {
            k.branch(full .< endPanel) {
                emitPanel(full, columns: shape.remainder, firstRow, endRow)
            }
        }
    }

    private mutating func takeChunk(_ chunk: Value, _ size: Int) {
        let first = chunk * size
        leftCorner = leftCorner + first * matmul.leftDepthStride
        switch matmul.right {
        case .packed: break
        case .rows(let stride): rightCorner = rightCorner + first * stride
        case .columns: rightCorner = rightCorner + first
        }
        outputOffset = outputOffset + chunk * matmul.chunkStride
        depth = k.constant(size).minimum(depth - first)
    }

    /// All rows of the part against one panel.
    private func emitPanel(_ panel: Value, columns: Int, _ firstRow: Value, _ endRow: Value) {
        let vectors = (columns + isa.lanes - 1) / isa.lanes
        let width = vectors * isa.lanes
        let firstColumn = panel * shape.width
        let panelPointer = packed(panel, firstColumn, vectors: vectors)
        let rightOperand = TileOperand(pointer: panelPointer, depthStride: width)

        let tileRows = isa.tileRows(vectors: vectors)
        var remainder: Int?
        if case .constant(let rows) = matmul.rows { remainder = rows % tileRows }
        k.forEachRowTile(from: firstRow, to: endRow, tileRows: tileRows, remainder: remainder) {
            row, rows in
            let tile = RegisterTile(rows: rows, columns: columns, lanes: isa.lanes, builder: k)
            let leftOperand = TileOperand(
                pointer: leftCorner + row * matmul.leftRowStride,
                rowStride: matmul.leftRowStride, depthStride: matmul.leftDepthStride)
            let place = outputOffset + row * matmul.outputRowStride + firstColumn
            let initial =
                matmul.accumulates
                ? tile.load(output + place, rowStride: matmul.outputRowStride) : tile.zeros()
            let sums = tile.product(
                leftOperand, rightOperand, depth: depth, initial: initial, rightIsPadded: true,
                bfloat16Pairs: matmul.element != .float32)
            finish(tile, sums, place: place, column: firstColumn)
        }
    }

    /// The panel's place; packs it into scratch first unless that has been done ahead.
    private func packed(_ panel: Value, _ firstColumn: Value, vectors: Int) -> Pointer {
        if matmul.right == .packed {
            return rightCorner + firstColumn * matmul.depth.bound
        }
        let depthBound = min(matmul.depth.bound, matmul.depthChunk ?? .max)
        let scratch = k.scratch(
            "panel", matmul.element.unitType, count: depthBound * vectors * isa.lanes)
        var source = rightCorner + firstColumn
        if case .columns(let stride) = matmul.right { source = rightCorner + firstColumn * stride }
        PanelPacker(builder: k, isa: isa, vectors: vectors, element: matmul.element).pack(
            source, layout: matmul.right, depth: depth,
            columns: k.constant(matmul.columns) - firstColumn, to: scratch)
        return scratch
    }

    /// Epilogue and store. A long epilogue is a loop over the tile's rows, which takes them back
    /// from the cache: far less code, no slower.
    private func finish(_ tile: RegisterTile, _ sums: [Value], place: Value, column: Value) {
        let stride = matmul.outputRowStride
        func step(_ value: Value, _ vector: Int, _ place: Value) -> Value {
            epilogue.apply(
                value, column: column + vector * isa.lanes, place: place + vector * isa.lanes,
                mask: tile.mask(vector))
        }
        guard epilogue.isLong else {
            let values = tile.map { row, vector in
                step(sums[row * tile.vectors + vector], vector, place + row * stride)
            }
            tile.store(values, to: output + place, rowStride: stride)
            return
        }
        tile.store(sums, to: output + place, rowStride: stride)
        let strip = RegisterTile(
            rows: 1, columns: tile.columns, lanes: isa.lanes, builder: k)
        k.loop(tile.rows) { row in
            let stripPlace = place + row * stride
            let values = strip.load(output + stripPlace, rowStride: stride)
            let results = strip.map { _, vector in step(values[vector], vector, stripPlace) }
            strip.store(results, to: output + stripPlace, rowStride: stride)
        }
    }
}
