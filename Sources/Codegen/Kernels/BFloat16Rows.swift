/// Writes a block of a float32 matrix as bfloat16 pairs along the depth, whose elements are
/// neighbours in memory, in the form a register tile broadcasts from. (`RowGroups` is for rows that
/// are neighbours.)
struct BFloat16Rows {
    let builder: LoopBuilder
    let isa: VectorISA
    /// Elements between neighbouring rows.
    let rowStride: Int
    /// Most rows and steps of the depth that a block has.
    let rowBound: Int
    let depthBound: Int
    /// Multiplies every element before it is rounded; nil for none.
    var scale: Double?

    private var lanes: Int { isa.lanes }

    /// Units between rows of a block in scratch. Not a power of two, which would crowd few cache
    /// sets.
    var unitStride: Int {
        (MatrixElement.bfloat16.units(depthBound) + lanes - 1) / lanes * lanes + lanes
    }

    /// Units of a block in scratch.
    var unitCount: Int { rowBound * unitStride }

    /// What a tile reads that begins with `row` of the block.
    func operand(_ block: Pointer, row: Value) -> TileOperand {
        TileOperand(pointer: block + row * unitStride, rowStride: unitStride, depthStride: 1)
    }

    private func scaled(_ value: Value) -> Value { scale.map { value * $0 } ?? value }

    /// Converts `rows × depth` elements from `source`; the last of an odd depth is paired with zero.
    func convert(_ source: Pointer, rows: Value, depth: Value, to target: Pointer) {
        let k = builder
        let wholeUnits = depth.quotient(2 * lanes) * lanes
        k.loop(k.constant(0), rows) { row in
            let (from, to) = (source + row * rowStride, target + row * unitStride)
            func convert(_ unit: Value, _ first: Value?, _ next: Value?) {
                let place = from + unit * 2
                let value = scaled(place.load(lanes: lanes, mask: first))
                let following = scaled((place + lanes).load(lanes: lanes, mask: next))
                (to + unit).store(value.bfloat16Pairs(followedBy: following))
            }
            k.loop(k.constant(0), wholeUnits, step: lanes) { convert($0, nil, nil) }
            let rest = depth - wholeUnits * 2
            k.branch(k.constant(0) .< rest) {
                convert(
                    wholeUnits, k.firstLanes(rest, of: lanes),
                    k.firstLanes(rest - lanes, of: lanes))
            }
        }
    }
}
