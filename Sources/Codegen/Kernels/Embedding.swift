/// Rows of a table picked by number, plus the row of a second table for the position:
/// `output[r] = table[ids[r]] + positions[r mod length]`.
///
/// Numbers are checked before a step runs; the kernel keeps one outside the vocabulary from reading
/// outside the table.
package struct Embedding: Hashable, Sendable {
    package var rows: Extent
    package var dimension: Int
    package var vocabularySize: Int
    /// Positions of a sequence, if their embedding is added.
    package var positionCount: Int?

    package init(rows: Extent, dimension: Int, vocabularySize: Int, positionCount: Int? = nil) {
        self.rows = rows
        self.dimension = dimension
        self.vocabularySize = vocabularySize
        self.positionCount = positionCount
    }

    /// Kernel. Buffers: `ids` (`int32`), `table`, `positions` if there are any, `output`.
    package func lowerForward(
        to isa: VectorISA, name: String = "embedding"
    ) throws -> LoopFunction {
        let k = LoopBuilder(name)
        let (ids, table) = (k.input("ids", .int32), k.input("table"))
        let positions = positionCount.map { _ in k.input("positions") }
        let output = k.output("output")
        let kernel = RowKernel(k, isa: isa, rows: rows, columns: dimension)
        kernel.forEachRow(nil) { row, _ in
            let id = (ids + row).load().boundedIndex(below: vocabularySize)
            let position = positionCount.map { row.remainder($0) * dimension }
            kernel.forEachVector { offset, mask in
                var value = (table + id * dimension + offset).load(lanes: isa.lanes, mask: mask)
                if let positions, let position {
                    value =
                        value
                        + (positions + position + offset).load(lanes: isa.lanes, mask: mask)
                }
                (output + row * dimension + offset).store(value, mask: mask)
            }
        }
        return try k.finish()
    }

    /// Parts of the gradient kernel: each owns a range of the vocabulary and walks all rows, so that
    /// a table row's sum is made by one part in the order of the rows.
    private static let rangeCount = 4

    /// Kernel: `tableGradient[id] (+)= Σ outputGradient[r]` over the rows with that id.
    ///
    /// Buffers: `ids`, `outputGradient`, `tableGradient` (set to zero first unless `accumulates`).
    package func lowerBackward(
        to isa: VectorISA, accumulates: Bool = false, name: String = "embeddingGradient"
    ) throws -> LoopFunction {
        let k = LoopBuilder(name)
        let (ids, outputGradient) = (k.input("ids", .int32), k.input("outputGradient"))
        let tableGradient = k.output("tableGradient")
        let rangeSize =
            (vocabularySize + Embedding.rangeCount - 1)
            / Embedding.rangeCount
        let range = k.parts([PartAxis(.constant(vocabularySize), blockSize: max(1, rangeSize))])[0]
        let first = range * rangeSize
        let end = (first + rangeSize).minimum(k.constant(vocabularySize))
        let lanes = isa.lanes
        if !accumulates { clear(tableGradient, from: first, to: end, k, lanes) }
        k.loop(k.constant(0), k.value(of: rows)) { row in
            // An id outside the table is nobody's.
            let id = (ids + row).load().convert(.signExtend, .int64)
            let isMine = (id .>= first) & (id .< end)
            k.branch(isMine) {
                for offset in stride(from: 0, to: dimension, by: lanes) {
                    let mask = k.firstLanes(k.constant(dimension - offset), of: lanes)
                    let place = tableGradient + id * dimension + offset
                    let term = (outputGradient + row * dimension + offset)
                        .load(lanes: lanes, mask: mask)
                    place.add(term, mask: mask)
                }
            }
        }
        return try k.finish()
    }

    private func clear(
        _ table: Pointer, from first: Value, to end: Value, _ k: LoopBuilder, _ lanes: Int
    ) {
        let (start, stop) = (first * dimension, end * dimension)
        let wholeEnd = start + (stop - start).quotient(lanes) * lanes
        k.loop(start, wholeEnd, step: lanes) {
            (table + $0).store(k.constant(Float(0), lanes: lanes))
        }
        k.loop(wholeEnd, stop) { (table + $0).store(k.constant(Float(0))) }
    }
}
