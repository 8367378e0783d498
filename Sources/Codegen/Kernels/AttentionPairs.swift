/// A right operand of several rows and `size` columns, in pairs of neighbouring rows: panels of
/// columns that fit the register file.
struct PairedRows {
    let head: AttentionHead
    let panels: Pointer
    let rowBound: Int
    let size: Int

    private var k: LoopBuilder { head.k }
    private var lanes: Int { head.lanes }
    private var unitBound: Int { MatrixElement.bfloat16.units(rowBound) }

    init(_ head: AttentionHead, _ name: String, rowBound: Int, size: Int) {
        self.head = head
        self.rowBound = rowBound
        self.size = size
        let columns = (size + head.lanes - 1) / head.lanes * head.lanes
        panels = head.k.scratch(
            name, .int32, count: MatrixElement.bfloat16.units(rowBound) * columns)
    }

    private var columnBlocks: [(first: Int, count: Int, vectors: Int)] {
        let width = head.isa.panelColumns
        return stride(from: 0, to: size, by: width).map { first in
            let count = min(width, size - first)
            return (first, count, (count + lanes - 1) / lanes)
        }
    }

    /// Rounds `rows` rows of a float32 matrix.
    func pack(_ source: Pointer, stride: Int, rows: Value, scale: Double? = nil) {
        for block in columnBlocks {
            let packer = PanelPacker(
                builder: k, isa: head.isa, vectors: block.vectors, scale: scale,
                element: .bfloat16)
            packer.pack(
                source + block.first, layout: .rows(stride: stride), depth: rows,
                columns: k.constant(block.count), to: panels + block.first * unitBound)
        }
    }

    /// `output[rows, size] (+)= left[rows, depth] · self`, the left operand in pairs along the depth.
    ///
    /// - Parameter rowCount: `rows` if it is known: its remainder then becomes one tile.
    func multiply(
        left: TileOperand, rows: Value, rowCount: Int?, depth: Value, output: Pointer,
        outputStride: Int, accumulates: Bool = false,
        finish: (_ row: Value, _ value: Value) -> Value = { $1 }
    ) {
        let units = (depth + 1).quotient(2)
        for block in columnBlocks {
            let tileRows = head.isa.tileRows(vectors: block.vectors)
            let right = TileOperand(
                pointer: panels + block.first * unitBound, depthStride: block.vectors * lanes)
            k.forEachRowTile(
                from: k.constant(0), to: rows, tileRows: tileRows,
                remainder: rowCount.map { $0 % tileRows }
            ) { firstRow, count in
                let tile = RegisterTile(
                    rows: count, columns: block.count, lanes: lanes, builder: k)
                var operand = left
                operand.pointer = left.pointer + firstRow * left.rowStride
                let corner = output + firstRow * outputStride + block.first
                let sums = tile.product(
                    operand, right, depth: units,
                    initial: accumulates
                        ? tile.load(corner, rowStride: outputStride) : tile.zeros(),
                    rightIsPadded: true, bfloat16Pairs: true)
                let results = tile.map { row, vector in
                    finish(firstRow + row, sums[row * tile.vectors + vector])
                }
                tile.store(results, to: corner, rowStride: outputStride)
            }
        }
    }
}

extension AttentionHead {
    /// Pairs of one row of scores lie this far apart.
    var pairStride: Int { paddedKeys / 2 + 16 }

    /// What rounds rows of `size` elements, at most `rowBound`.
    func rowConverter(stride: Int, size: Int, rowBound: Int, scale: Double? = nil) -> BFloat16Rows {
        BFloat16Rows(
            builder: k, isa: isa, rowStride: stride, rowBound: rowBound, depthBound: size,
            scale: scale)
    }

    /// Stores neighbouring vectors as pairs along a row.
    func storePairs(_ values: [Value], to place: Pointer) {
        for vector in stride(from: 0, to: values.count, by: 2) {
            (place + vector / 2 * lanes).store(
                values[vector].bfloat16Pairs(followedBy: values[vector + 1]))
        }
    }
}

/// What the forward pass keeps in scratch as bfloat16 pairs.
struct AttentionForwardPairs {
    private let head: AttentionHead
    private let queryPairs: Pointer
    private let probabilities: Pointer
    private let values: PairedRows
    private let converter: BFloat16Rows

    init(head: AttentionHead) {
        self.head = head
        let attention = head.attention
        let rows = Attention.rowBlock
        converter = head.rowConverter(
            stride: attention.query.positionStride, size: attention.size, rowBound: rows,
            scale: attention.scale)
        queryPairs = head.k.scratch("queryPairs", .int32, count: converter.unitCount)
        probabilities = head.k.scratch("probabilities", .int32, count: rows * head.pairStride)
        values = PairedRows(
            head, "valuePairs", rowBound: attention.keys.bound, size: attention.valueSize)
    }

    func packValues(_ value: Pointer) {
        values.pack(value, stride: head.attention.value.positionStride, rows: head.keys)
    }

    func convertQueries(_ query: Pointer, firstRow: Value, rows: Int) {
        converter.convert(
            query + firstRow * converter.rowStride, rows: head.k.constant(rows),
            depth: head.k.constant(head.attention.size), to: queryPairs)
    }

    func queries(_ first: Value) -> TileOperand { converter.operand(queryPairs, row: first) }

    /// Probabilities of one row against one panel.
    func store(_ values: [Value], row: Value, firstKey: Value) {
        head.storePairs(
            values, to: probabilities + row * head.pairStride + firstKey.quotient(2))
    }

    func multiply(
        rows: Int, depth: Value, output: Pointer,
        finish: (_ row: Value, _ value: Value) -> Value
    ) {
        values.multiply(
            left: TileOperand(
                pointer: probabilities, rowStride: head.pairStride, depthStride: 1),
            rows: head.k.constant(rows), rowCount: rows, depth: depth, output: output,
            outputStride: head.attention.output.positionStride, finish: finish)
    }
}
