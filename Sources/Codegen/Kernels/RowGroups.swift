/// Copies a block of a left operand whose rows are neighbours in memory, as those of `Xᵀ` in a
/// weight's gradient `Xᵀ·dY`, to `[group][unit][row]`: what a register tile reads then lies close
/// together. In place, each step of the depth is a cache line of its own, and lines that far apart
/// crowd few sets of the cache.
struct RowGroups {
    let builder: LoopBuilder
    let isa: VectorISA
    /// Elements between neighbours along the depth.
    let depthStride: Int
    /// Most rows and steps of the depth that a block has.
    let rowBound: Int
    let depthBound: Int
    let element: MatrixElement

    /// A multiple of the rows of every register tile and of the lanes of every vector.
    private static let size = 48

    private var groupUnits: Int { Self.size * element.units(depthBound) }

    /// Units of a block in scratch.
    var unitCount: Int { (rowBound + Self.size - 1) / Self.size * groupUnits }

    /// What a tile reads that begins with `row` of the block, a multiple of its own rows.
    func operand(_ block: Pointer, row: Value) -> TileOperand {
        let group = row.quotient(Self.size)
        return TileOperand(
            pointer: block + group * (groupUnits - Self.size) + row, rowStride: 1,
            depthStride: Self.size)
    }

    /// Copies `rows × depth` elements from `source`; the last of an odd depth is paired with zero.
    func copy(_ source: Pointer, rows: Value, depth: Value, to block: Pointer) {
        let k = builder
        let wholeEnd = rows.quotient(Self.size) * Self.size
        k.loop(k.constant(0), wholeEnd, step: Self.size) { row in
            copyGroup(source + row, depth, to: operand(block, row: row).pointer) { _ in nil }
        }
        k.branch(wholeEnd .< rows) {
            copyGroup(source + wholeEnd, depth, to: operand(block, row: wholeEnd).pointer) {
                k.firstLanes(rows - wholeEnd - $0 * isa.lanes, of: isa.lanes)
            }
        }
    }

    private func copyGroup(
        _ source: Pointer, _ depth: Value, to group: Pointer, mask: (_ vector: Int) -> Value?
    ) {
        let k = builder
        let masks = (0..<Self.size / isa.lanes).map(mask)
        func copyUnit(_ unit: Value, isHalf: Bool) {
            for (vector, mask) in masks.enumerated() {
                let place =
                    source + unit * (element.depthPerUnit * depthStride)
                    + vector * isa.lanes
                var value = place.load(lanes: isa.lanes, mask: mask)
                if element == .bfloat16 {
                    let next =
                        isHalf
                        ? value.like(0.0) : (place + depthStride).load(lanes: isa.lanes, mask: mask)
                    value = value.bfloat16Pair(with: next)
                }
                (group + unit * Self.size + vector * isa.lanes).store(value)
            }
        }
        let whole = depth.quotient(element.depthPerUnit)
        k.loop(k.constant(0), whole) { copyUnit($0, isHalf: false) }
        if element == .bfloat16 {
            k.branch(whole * 2 .< depth) { copyUnit(whole, isHalf: true) }
        }
    }
}
