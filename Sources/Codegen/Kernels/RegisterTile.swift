/// A matrix operand in memory, addressed from one corner: element (i, k) of a left operand lies at
/// `i·rowStride + k·depthStride`; a right operand's row k at `k·depthStride`, its columns adjacent.
struct TileOperand {
    var pointer: Pointer
    var rowStride = 0
    var depthStride: Int
}

/// A block of an output matrix held in registers: `rows × vectors` accumulators.
///
/// Every matrix product of every kernel runs through `product`: load one row of the right operand,
/// broadcast one element of each left row, multiply and add. Nothing unrolls the depth loop.
struct RegisterTile {
    let rows: Int
    /// Columns that exist; the last vector may be partly outside.
    let columns: Int
    let lanes: Int
    let builder: LoopBuilder

    var vectors: Int { (columns + lanes - 1) / lanes }

    /// The lanes of vector `vector` that are columns; nil if all are.
    func mask(_ vector: Int) -> Value? {
        builder.firstLanes(builder.constant(columns - vector * lanes), of: lanes)
    }

    /// One value for each row and vector, row by row.
    func map(_ body: (_ row: Int, _ vector: Int) -> Value) -> [Value] {
        (0..<rows * vectors).map { body($0 / vectors, $0 % vectors) }
    }

    func zeros() -> [Value] { map { _, _ in builder.constant(Float(0), lanes: lanes) } }

    /// `initial + left · right` over `depth` steps. `rightIsPadded` means that whole vectors may be
    /// read beyond the last column. `ahead` is fetched meanwhile, so many elements at each step.
    func product(
        _ left: TileOperand, _ right: TileOperand, depth: Value, initial: [Value],
        rightIsPadded: Bool, bfloat16Pairs: Bool = false,
        ahead: (pointer: Pointer, stride: Int)? = nil
    ) -> [Value] {
        builder.loop(builder.constant(0), depth, carrying: initial) { step, sums in
            if let ahead { (ahead.pointer + step * ahead.stride).prefetch() }
            let row = right.pointer + step * right.depthStride
            let rightVectors = (0..<vectors).map { vector in
                (row + vector * lanes).load(
                    lanes: lanes, mask: rightIsPadded ? nil : mask(vector))
            }
            let column = left.pointer + step * left.depthStride
            let broadcasts = (0..<rows).map { row in
                (column + row * left.rowStride).load().splat(lanes)
            }
            return map { row, vector in
                let sum = sums[row * vectors + vector]
                return bfloat16Pairs
                    ? broadcasts[row].dotBFloat16Pairs(rightVectors[vector], addedTo: sum)
                    : broadcasts[row].multiplied(by: rightVectors[vector], adding: sum)
            }
        }
    }

    /// Stores values to rows `rowStride` apart.
    func store(_ values: [Value], to pointer: Pointer, rowStride: Int) {
        for row in 0..<rows {
            for vector in 0..<vectors {
                (pointer + (row * rowStride + vector * lanes))
                    .store(values[row * vectors + vector], mask: mask(vector))
            }
        }
    }

    func prefetch(_ pointer: Pointer, rowStride: Int) {
        for row in 0..<rows {
            for vector in 0..<vectors { (pointer + (row * rowStride + vector * lanes)).prefetch() }
        }
    }

    func load(_ pointer: Pointer, rowStride: Int) -> [Value] {
        map { row, vector in
            (pointer + (row * rowStride + vector * lanes)).load(lanes: lanes, mask: mask(vector))
        }
    }
}

extension VectorISA {
    /// Vectors of one column panel: with the rows below it fills the register file.
    var panelVectors: Int { registerCount >= 32 ? 4 : 2 }

    var panelColumns: Int { panelVectors * lanes }

    /// Rows of a register tile that is `vectors` wide: enough independent sums to hide the latency
    /// of a fused multiply-add, few enough to leave registers for the operands.
    func tileRows(vectors: Int) -> Int {
        if registerCount >= 32 {
            switch vectors {
            case 1, 2: return 12
            case 3: return 8
            default: return 6
            }
        }
        return vectors == 1 ? 12 : 6
    }
}

extension LoopBuilder {
    /// Covers rows `start ..< end` with tiles: as many of `tileRows` as fit, then smaller ones. A
    /// remainder known now becomes one tile of just that height.
    func forEachRowTile(
        from start: Value, to end: Value, tileRows: Int, remainder: Int?,
        _ body: (_ firstRow: Value, _ rows: Int) -> Void
    ) {
        let wholeEnd = start + (end - start).quotient(tileRows) * tileRows
        loop(start, wholeEnd, step: tileRows) { body($0, tileRows) }
        if let remainder {
            if remainder > 0 { branch(wholeEnd .< end) { body(wholeEnd, remainder) } }
            return
        }
        var next = wholeEnd
        if tileRows > 4 {
            let end4 = next + (end - next).quotient(4) * 4
            loop(next, end4, step: 4) { body($0, 4) }
            next = end4
        }
        loop(next, end) { body($0, 1) }
    }
}
