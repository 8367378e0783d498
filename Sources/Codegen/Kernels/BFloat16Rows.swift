/// Writes a block of a float32 matrix as bfloat16 pairs along the depth, in the form a register tile
/// broadcasts from.
struct BFloat16Rows {
    let builder: LoopBuilder
    let isa: VectorISA
    /// Elements between neighbours, of which one is 1.
    let rowStride: Int
    let depthStride: Int
    /// Most rows and steps of the depth that a block has.
    let rowBound: Int
    let depthBound: Int
    /// Multiplies every element before it is rounded; nil for none.
    var scale: Double?

    private var lanes: Int { isa.lanes }
    private var isAlongDepth: Bool { depthStride == 1 }

    /// Units between rows and between pairs of a block in scratch. Not a power of two, which would
    /// crowd few cache sets.
    var strides: (row: Int, pair: Int) {
        if isAlongDepth {
            let units = MatrixElement.bfloat16.units(depthBound)
            return ((units + lanes - 1) / lanes * lanes + lanes, 1)
        }
        return (1, (rowBound + lanes - 1) / lanes * lanes)
    }

    /// Units of a block in scratch.
    var unitCount: Int {
        isAlongDepth
            ? rowBound * strides.row : MatrixElement.bfloat16.units(depthBound) * strides.pair
    }

    private func scaled(_ value: Value) -> Value { scale.map { value * $0 } ?? value }

    /// Converts `rows × depth` elements from `source`; the last of an odd depth is paired with zero.
    func convert(_ source: Pointer, rows: Value, depth: Value, to target: Pointer) {
        isAlongDepth
            ? convertAlongDepth(source, rows, depth, target)
            : convertAcrossDepth(source, rows, depth, target)
    }

    private func convertAlongDepth(
        _ source: Pointer, _ rows: Value, _ depth: Value, _ target: Pointer
    ) {
        let k = builder
        let wholeUnits = depth.quotient(2 * lanes) * lanes
        k.loop(k.constant(0), rows) { row in
            let (from, to) = (source + row * rowStride, target + row * strides.row)
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

    private func convertAcrossDepth(
        _ source: Pointer, _ rows: Value, _ depth: Value, _ target: Pointer
    ) {
        let k = builder
        let whole = depth.quotient(2)
        func pair(_ unit: Value, isHalf: Bool) {
            k.loop(k.constant(0), rows, step: lanes) { row in
                let mask = k.firstLanes(rows - row, of: lanes)
                let place = source + unit * (2 * depthStride) + row
                let value = scaled(place.load(lanes: lanes, mask: mask))
                let next =
                    isHalf
                    ? value.like(0.0)
                    : scaled((place + depthStride).load(lanes: lanes, mask: mask))
                (target + unit * strides.pair + row).store(value.bfloat16Pair(with: next))
            }
        }
        k.loop(k.constant(0), whole) { pair($0, isHalf: false) }
        k.branch(whole * 2 .< depth) { pair(whole, isHalf: true) }
    }
}
