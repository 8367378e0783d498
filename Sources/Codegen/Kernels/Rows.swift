/// What kernels share that work on whole rows of a `[rows, columns]` tensor.
struct RowKernel {
    let k: LoopBuilder
    let lanes: Int
    let columns: Int
    /// Rows of this part.
    let firstRow: Value
    let endRow: Value
    /// Number of this part.
    let part: Value

    /// Splits the rows into parts of `rowsPerPart`.
    init(_ builder: LoopBuilder, isa: VectorISA, rows: Extent, columns: Int) {
        k = builder
        lanes = isa.lanes
        self.columns = columns
        let rowsPerPart = RowKernel.rowsPerPart(columns: columns)
        part = builder.parts([PartAxis(rows, blockSize: rowsPerPart)])[0]
        firstRow = part * rowsPerPart
        endRow = (firstRow + rowsPerPart).minimum(builder.value(of: rows))
    }

    /// About 32,768 elements; a multiple of 16 where that is no more.
    static func rowsPerPart(columns: Int) -> Int {
        let rows = max(1, 32768 / max(1, columns))
        return rows >= 16 ? rows / 16 * 16 : rows
    }

    static func partCount(rows: Int, columns: Int) -> Int {
        let size = rowsPerPart(columns: columns)
        return (rows + size - 1) / size
    }

    /// Visits a row vector by vector; offsets are from the row's start.
    func forEachVector(_ body: (_ offset: Value, _ mask: Value?) -> Void) {
        sum(0) { offset, mask in
            body(offset, mask)
            return []
        }
    }

    /// Visits a row and sums what `body` gives for each vector, over all lanes that exist: four sums
    /// side by side, then joined in a fixed order.
    @discardableResult
    func sum(
        _ count: Int, _ body: (_ offset: Value, _ mask: Value?) -> [Value]
    ) -> [Value] {
        fold(count, .sum, body)
    }

    func maximum(_ body: (_ offset: Value, _ mask: Value?) -> Value) -> Value {
        fold(1, .maximum) { [body($0, $1)] }[0]
    }

    private func fold(
        _ count: Int, _ reduction: Reduction,
        _ body: (_ offset: Value, _ mask: Value?) -> [Value]
    ) -> [Value] {
        let slots = 4
        let identity = k.constant(reduction.identity, lanes: lanes)
        var sums = Array(repeating: identity, count: slots * count)
        func add(_ sums: [Value], _ slot: Int, _ terms: [Value], _ mask: Value?) -> [Value] {
            var sums = sums
            for (index, term) in terms.enumerated() {
                let kept = mask.map { $0.select(term, Double(reduction.identity)) } ?? term
                let place = slot * count + index
                sums[place] = kept.combined(reduction.operation, sums[place])
            }
            return sums
        }
        let group = slots * lanes
        let grouped = columns / group * group
        sums = k.loop(k.constant(0), k.constant(grouped), step: group, carrying: sums) {
            first, carried in
            (0..<slots).reduce(carried) { sums, slot in
                add(sums, slot, body(first + slot * lanes, nil), nil)
            }
        }
        for (slot, first) in stride(from: grouped, to: columns, by: lanes).enumerated() {
            let mask = k.firstLanes(k.constant(columns - first), of: lanes)
            sums = add(sums, slot, body(k.constant(first), mask), mask)
        }
        return (0..<count).map { index in
            let parts = (0..<slots).map { sums[$0 * count + index] }
            let left = parts[0].combined(reduction.operation, parts[1])
            let right = parts[2].combined(reduction.operation, parts[3])
            return left.combined(reduction.operation, right).reduce(reduction)
        }
    }
}

/// Dropout of the rows of a row kernel: factors of several rows are made at a time, so that no
/// random bits are thrown away at a row's end.
struct RowDropout {
    private let rows: RowKernel
    private let mask: DropoutMask
    private let scratch: Pointer
    private let globalRow: Value
    private let selection: RowSelection?
    private let rowIndices: Pointer?
    /// Rows whose factors are made together.
    let block: Int

    /// Takes the kernel's scalar argument `firstRow`, the number of row 0 in the whole tensor, and
    /// those of `RowSelection` if the rows are selected ones.
    ///
    /// - Parameter rowIndices: the number of each row in the whole tensor, in place of `firstRow`.
    init?(
        rate: Double, isSelected: Bool = false, rowIndices: Pointer? = nil, rows: RowKernel,
        isa: VectorISA
    ) {
        guard rate > 0 else { return nil }
        self.rows = rows
        selection = isSelected ? RowSelection(rows.k) : nil
        let groups = (rows.columns + 15) / 16
        self.rowIndices = rowIndices
        block = isSelected || rowIndices != nil ? 1 : max(1, 64 / groups)
        mask = DropoutMask(rate: rate, builder: rows.k, isa: isa)
        scratch = rows.k.scratch(
            "dropout", count: DropoutMask.scratchCount(groupCount: block * groups))
        globalRow = rowIndices == nil ? rows.k.parameter("firstRow") : rows.k.constant(0)
    }

    /// The factors of rows `first ..< end` (at most `block`): place of the first row's.
    func factors(first: Value, end: Value) -> Pointer {
        let groups = DropoutMask.groupCount(columns: rows.k.constant(rows.columns))
        let row =
            rowIndices.map { ($0 + first).load().convert(.signExtend, .int64) }
            ?? globalRow + first
        return mask.fill(
            scratch, firstGroup: (selection?.row(row) ?? row) * groups,
            groupCount: (end - first) * groups)
    }

    var rowStride: Int { (rows.columns + 15) / 16 * 16 }
}

/// Which rows of a larger tensor a kernel's rows are, as `RandomRows` says: the kernel's scalar
/// arguments `rowStride` and `rowOffset`.
struct RowSelection {
    private let stride: Value
    private let offset: Value

    init(_ builder: LoopBuilder) {
        stride = builder.parameter("rowStride")
        offset = builder.parameter("rowOffset")
    }

    func row(_ row: Value) -> Value { row * stride + offset }
}

extension RowKernel {
    /// Visits this part's rows, with the place of each one's dropout factors if there are any, and
    /// hands values on from row to row.
    @discardableResult
    func forEachRow(
        _ dropout: RowDropout?, carrying initial: [Value],
        _ body: (_ row: Value, _ factors: Pointer?, _ carried: [Value]) -> [Value]
    ) -> [Value] {
        guard let dropout else {
            return k.loop(firstRow, endRow, carrying: initial) { body($0, nil, $1) }
        }
        return k.loop(firstRow, endRow, step: dropout.block, carrying: initial) { first, carried in
            let end = (first + dropout.block).minimum(endRow)
            let factors = dropout.factors(first: first, end: end)
            return k.loop(first, end, carrying: carried) { row, carried in
                body(row, factors + (row - first) * dropout.rowStride, carried)
            }
        }
    }

    func forEachRow(
        _ dropout: RowDropout?, _ body: (_ row: Value, _ factors: Pointer?) -> Void
    ) {
        forEachRow(dropout, carrying: []) { row, factors, _ in
            body(row, factors)
            return []
        }
    }

    /// Whether a whole row fits a few registers, beside sums over rows.
    var isShort: Bool { columns <= 4 * lanes }
}
