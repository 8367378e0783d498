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
/// The gradient of a weight, `Xᵀ·dY`, is the same kernel with the strides of X exchanged. The left
/// operand is read in place; one whose rows are neighbours in memory is copied first (`RowGroups`)
/// where several panels share the copy. The right operand is packed ahead (`packed`) or panel by
/// panel into scratch.
///
/// With bfloat16 operands products are summed in float32. Tensors are float32 in memory, but for a
/// right operand that is packed ahead, which holds pairs of neighbours along the depth: each part
/// rounds its rows of the left operand once, for all its panels.
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

    /// Strides are in elements.
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
        var emitter = MatmulEmitter(matmul: self, isa: isa, name: name)
        emitter.emit()
        return try emitter.k.finish()
    }

    private func check() throws {
        if right == .packed, depthChunk != nil {
            throw CodegenError("matmul: a packed right operand cannot be taken in depth chunks")
        }
        if element == .bfloat16, leftDepthStride != 1, leftRowStride != 1 {
            throw CodegenError(
                "matmul: a left operand is rounded to bfloat16 only where its rows or its columns "
                    + "are without gaps")
        }
        if element == .bfloat16, let depthChunk, depthChunk % 2 != 0 {
            throw CodegenError("matmul: chunks of \(depthChunk) cut bfloat16 pairs")
        }
        if accumulates, !epilogue.isEmpty {
            throw CodegenError("matmul: accumulating takes no epilogue")
        }
    }

    /// Rows and panels of one part. Small enough to spread over threads, large enough that a panel
    /// is read from memory once for many rows.
    func partShape(isa: VectorISA) -> (rows: Int, panels: Int) {
        let panels = max(1, PanelShape(columns: columns, isa: isa).count)
        if copiesLeft(isa: isa) { return copyingPartShape(panels: panels, isa: isa) }
        // Blocks of like size: a panel packed for a short last block would cost as much as for a
        // long one. A multiple of every tile's rows.
        let rowCount = max(rows.bound, 1)
        // Long blocks pack each panel less often; few panels leave too few parts for them.
        let mostRows = panels >= 12 ? 528 : 360
        let blockCount = (rowCount + mostRows - 1) / mostRows
        let rowsRounded = ((rowCount + blockCount - 1) / blockCount + 23) / 24 * 24
        let panelCost = 2 * rowsRounded * depthPerPart * isa.panelColumns
        let wanted = 8_000_000
        return (rowsRounded, min(panels, max(1, wanted / panelCost)))
    }

    /// Whether each part copies its rows of the left operand: to round them, or to have them close
    /// together where enough of them fit a core's cache and the copy serves several panels.
    package func copiesLeft(isa: VectorISA) -> Bool {
        if element == .bfloat16 { return true }
        return leftRowStride == 1 && leftDepthStride > 1 && columns > isa.panelColumns
            && copiedRowCount >= 96
    }

    /// Rows of which a part keeps a copy in a core's cache.
    private var copiedRowCount: Int {
        Self.copiedByteCount / 4 / element.units(depthPerPart) / 24 * 24
    }

    /// Rows whose copies stay in a core's cache, and panels enough to make them worth while.
    private func copyingPartShape(panels: Int, isa: VectorISA) -> (rows: Int, panels: Int) {
        func count(_ extent: Int, _ size: Int) -> Int { (extent + size - 1) / size }
        let rowCount = max(1, rows.bound)
        let fitting = copiedRowCount
        // Rows that are rounded too cost more than a copy's time: fewer panels share them.
        let mostPanels = element == .float32 ? 6 : 3
        // A panel that each block of rows packs anew wants more of them.
        let most = max(24, min(right == .packed ? 144 : 192, fitting))
        var rowParts = count(rowCount, most)
        let wanted = rowCount <= 4 * most ? Self.wantedPartCount / 2 : Self.wantedPartCount
        var panelParts = min(count(panels, mostPanels), count(wanted, rowParts))
        if rowParts * panelParts < Self.leastPartCount {
            rowParts = max(
                rowParts, min(count(rowCount, 48), count(Self.leastPartCount, panelParts)))
            panelParts = min(panels, count(Self.leastPartCount, rowParts))
        }
        return (count(count(rowCount, rowParts), 24) * 24, count(panels, panelParts))
    }

    /// Bytes of copied rows that a part keeps.
    private static let copiedByteCount = 448 << 10
    /// Parts where there is enough work, and where there is little.
    private static let wantedPartCount = 32
    private static let leastPartCount = 4

    /// Most steps of the depth that one part takes.
    var depthPerPart: Int { max(1, min(depth.bound, depthChunk ?? .max)) }
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
    /// One tile, where the epilogue is long.
    let sumTile: Pointer

    // Known once the part index is taken apart.
    var leftCorner: Pointer
    var rightCorner: Pointer
    var outputOffset: Value
    /// In elements.
    var depth: Value
    /// What the tile reads that begins with a row.
    var leftOperand: (_ row: Value) -> TileOperand

    init(matmul: Matmul, isa: VectorISA, name: String) {
        self.matmul = matmul
        self.isa = isa
        k = LoopBuilder(name)
        left = k.input("left")
        right = k.input("right", matmul.right == .packed ? matmul.element.unitType : .float32)
        output = k.output("output")
        epilogue = Epilogue(matmul.epilogue, builder: k)
        shape = PanelShape(columns: matmul.columns, isa: isa)
        let tileCount = (1...isa.panelVectors).map { isa.tileRows(vectors: $0) * $0 }.max() ?? 0
        sumTile =
            epilogue.isLong ? k.scratch("tile", count: tileCount * isa.lanes) : output
        (leftCorner, rightCorner) = (left, right)
        outputOffset = k.constant(0)
        depth = k.value(of: matmul.depth)
        leftOperand = { [left] _ in TileOperand(pointer: left, depthStride: 1) }
    }

    /// Steps of a tile's loop.
    private var steps: Value {
        let perUnit = matmul.element.depthPerUnit
        return (depth + (perUnit - 1)).quotient(perUnit)
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
            rightCorner = rightCorner + index * (axis.rightStride / rightScale)
            outputOffset = outputOffset + index * axis.outputStride
        }
        let (chunk, rowBlock, panelBlock) = (
            blocks[blocks.count - 3], blocks[blocks.count - 2], blocks[blocks.count - 1]
        )
        if let size = matmul.depthChunk { takeChunk(chunk, size) }

        let firstRow = rowBlock * part.rows
        let endRow = (firstRow + part.rows).minimum(k.value(of: matmul.rows))
        leftOperand = leftReader(firstRow, endRow, rowBound: part.rows)
        let firstPanel = panelBlock * part.panels
        let endPanel = firstPanel + part.panels
        let full = k.constant(shape.fullCount)
        k.loop(firstPanel, endPanel.minimum(full)) { panel in
            emitPanel(
                panel, columns: shape.width, firstRow, endRow,
                next: (panel + 1).minimum(endPanel.minimum(full) - 1))
        }
        if shape.remainder > 0 {
            k.branch(full .< endPanel) {
                emitPanel(full, columns: shape.remainder, firstRow, endRow)
            }
        }
    }

    /// Elements in a unit of the right operand's memory.
    private var rightScale: Int { matmul.right == .packed ? matmul.element.depthPerUnit : 1 }

    /// Copies this part's rows of the left operand first, where that is wanted.
    private func leftReader(
        _ firstRow: Value, _ endRow: Value, rowBound: Int
    ) -> (Value) -> TileOperand {
        let (rowStride, depthStride) = (matmul.leftRowStride, matmul.leftDepthStride)
        let corner = leftCorner
        guard matmul.copiesLeft(isa: isa) else {
            return { row in
                TileOperand(
                    pointer: corner + row * rowStride, rowStride: rowStride,
                    depthStride: depthStride)
            }
        }
        let (source, rows) = (corner + firstRow * rowStride, endRow - firstRow)
        if depthStride == 1 {
            let converter = BFloat16Rows(
                builder: k, isa: isa, rowStride: rowStride, rowBound: rowBound,
                depthBound: matmul.depthPerPart)
            let pairs = k.scratch("leftPairs", .int32, count: converter.unitCount)
            converter.convert(source, rows: rows, depth: depth, to: pairs)
            return { row in converter.operand(pairs, row: row - firstRow) }
        }
        let groups = RowGroups(
            builder: k, isa: isa, depthStride: depthStride, rowBound: rowBound,
            depthBound: matmul.depthPerPart, element: matmul.element)
        let block = k.scratch("leftRows", matmul.element.unitType, count: groups.unitCount)
        groups.copy(source, rows: rows, depth: depth, to: block)
        return { row in groups.operand(block, row: row - firstRow) }
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

    /// All rows of the part against one panel; `next` is packed too, and fetched meanwhile.
    private func emitPanel(
        _ panel: Value, columns: Int, _ firstRow: Value, _ endRow: Value, next: Value? = nil
    ) {
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
            let place = outputOffset + row * matmul.outputRowStride + firstColumn
            // What is added to comes while the tile is multiplied.
            if matmul.accumulates {
                tile.prefetch(output + place, rowStride: matmul.outputRowStride)
            }
            let sums = tile.product(
                leftOperand(row), rightOperand, depth: steps, initial: tile.zeros(),
                rightIsPadded: true, bfloat16Pairs: matmul.element != .float32,
                ahead: next.flatMap { ahead($0, row - firstRow, rows) })
            finish(tile, sums, place: place, column: firstColumn)
        }
    }

    /// A tile's share of a panel that lies in memory already.
    private func ahead(_ panel: Value, _ row: Value, _ rows: Int) -> (Pointer, Int)? {
        guard matmul.right == .packed else { return nil }
        let units = matmul.element.units(matmul.depth.bound)
        let partRows = min(matmul.partShape(isa: isa).rows, max(matmul.rows.bound, 1))
        func share(_ count: Int) -> Int { (count + partRows - 1) / partRows }
        let first = rightCorner + panel * (shape.width * units)
        return (first + row * share(shape.width * units), share(rows * shape.width))
    }

    /// The panel's place; packs it into scratch first unless that has been done ahead.
    private func packed(_ panel: Value, _ firstColumn: Value, vectors: Int) -> Pointer {
        if matmul.right == .packed {
            return rightCorner + firstColumn * matmul.element.units(matmul.depth.bound)
        }
        let units = matmul.element.units(matmul.depthPerPart)
        let scratch = k.scratch(
            "panel", matmul.element.unitType, count: units * vectors * isa.lanes)
        var source = rightCorner + firstColumn
        if case .columns(let stride) = matmul.right { source = rightCorner + firstColumn * stride }
        PanelPacker(builder: k, isa: isa, vectors: vectors, element: matmul.element).pack(
            source, layout: matmul.right, depth: depth,
            columns: k.constant(matmul.columns) - firstColumn, to: scratch)
        return scratch
    }

    /// Epilogue and store. A long epilogue is a loop over the tile's rows, which takes them back
    /// from scratch: far less code, no slower. (From the output it would be: rows that lie a
    /// multiple of 4 KB apart look alike to a load that follows a store.)
    private func finish(_ tile: RegisterTile, _ sums: [Value], place: Value, column: Value) {
        let stride = matmul.outputRowStride
        if matmul.accumulates {
            let before = tile.load(output + place, rowStride: stride)
            tile.store(
                zip(before, sums).map { $0 + $1 }, to: output + place, rowStride: stride)
            return
        }
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
        let width = tile.vectors * isa.lanes
        for (index, sum) in sums.enumerated() {
            let (row, vector) = (index / tile.vectors, index % tile.vectors)
            (sumTile + row * width + vector * isa.lanes).store(sum)
        }
        let strip = RegisterTile(
            rows: 1, columns: tile.columns, lanes: isa.lanes, builder: k)
        k.loop(tile.rows) { row in
            let stripPlace = place + row * stride
            let results = strip.map { _, vector in
                let sum = sumTile + row * width + vector * isa.lanes
                return step(sum.load(lanes: isa.lanes), vector, stripPlace)
            }
            strip.store(results, to: output + stripPlace, rowStride: stride)
        }
    }
}
