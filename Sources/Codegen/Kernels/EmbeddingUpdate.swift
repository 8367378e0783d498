/// Adam over a table whose rows are looked up: each row's gradient is summed from its look-ups in
/// registers, where the update takes it, and so is never stored.
package struct EmbeddingUpdate: Hashable, Sendable {
    package var rowCount: Int
    package var width: Int
    /// With squares if they are those of the look-ups, added; without scale.
    package var formula: AdamFormula

    package init(rowCount: Int, width: Int, formula: AdamFormula) {
        self.rowCount = rowCount
        self.width = width
        self.formula = formula
    }

    /// Vectors of a row that are summed side by side.
    private static let vectorsAtATime = 4

    /// Kernel. Buffers: `starts` (int32: row r's look-ups are `starts[r] ..< starts[r + 1]` of
    /// `positions`), `positions` (int32), `lookups` (what each adds), then parameter, m and v, which
    /// are written over, and the formula's scalars.
    package func lower(
        to isa: VectorISA, name: String = "embeddingAdam"
    ) throws -> LoopFunction {
        let k = LoopBuilder(name)
        let buffers = Buffers(k, scalarCount: formula.operandCount - formula.tensorOperands.count)
        let kernel = RowKernel(k, isa: isa, rows: .constant(rowCount), columns: width)
        kernel.forEachRow(nil) { row, _ in
            let (first, end) = (
                (buffers.starts + row).load().convert(.signExtend, .int64),
                (buffers.starts + row + 1).load().convert(.signExtend, .int64)
            )
            let group = Self.vectorsAtATime * isa.lanes
            for offset in stride(from: 0, to: width, by: group) {
                let offsets = Array(
                    stride(from: offset, to: min(offset + group, width), by: isa.lanes))
                update(row, offsets, lookups: (first, end), buffers, k, lanes: isa.lanes)
            }
        }
        return try k.finish()
    }

    private struct Buffers {
        let starts, positions, lookups: Pointer
        let parameter, m, v: Pointer
        let scalars: [Pointer]

        init(_ k: LoopBuilder, scalarCount: Int) {
            (starts, positions) = (k.input("starts", .int32), k.input("positions", .int32))
            lookups = k.input("lookups")
            (parameter, m, v) = (k.output("parameter"), k.output("m"), k.output("v"))
            scalars = (0..<scalarCount).map { k.input("scalar\($0)") }
        }
    }

    /// The vectors at some offsets of a row.
    private func update(
        _ row: Value, _ offsets: [Int], lookups: (first: Value, end: Value), _ buffers: Buffers,
        _ k: LoopBuilder, lanes: Int
    ) {
        let masks = offsets.map { k.firstLanes(k.constant(width - $0), of: lanes) }
        let count = offsets.count
        let zero = k.constant(Float(0), lanes: lanes)
        let zeros = Array(repeating: zero, count: formula.hasSquares ? 2 * count : count)
        let sums = k.loop(lookups.first, lookups.end, carrying: zeros) { index, sums in
            let position = (buffers.positions + index).load().convert(.signExtend, .int64)
            let terms = zip(offsets, masks).map { offset, mask in
                (buffers.lookups + position * width + offset).load(lanes: lanes, mask: mask)
            }
            let added = zip(sums, terms).map { $0 + $1 }
            guard formula.hasSquares else { return added }
            return added + zip(sums.dropFirst(count), terms).map { $1 * $1 + $0 }
        }
        for (number, (offset, mask)) in zip(offsets, masks).enumerated() {
            let place = row * width + offset
            let state = [buffers.parameter, buffers.m, buffers.v].map { $0 + place }
            let old = state.map { $0.load(lanes: lanes, mask: mask) }
            var operands = [old[0], sums[number], old[1], old[2]]
            operands += buffers.scalars.prefix(2).map { $0.load().splat(lanes) }
            if formula.hasSquares { operands.append(sums[count + number]) }
            operands += buffers.scalars.dropFirst(2).map { $0.load().splat(lanes) }
            var expression = Expression()
            let wanted = formula.append(to: &expression)
            let new = expression.evaluate(
                wanted, builder: k, lanes: lanes, indices: { _ in zero }, operands: { operands[$0] }
            )
            for (pointer, value) in zip(state, new) { pointer.store(value, mask: mask) }
        }
    }
}
