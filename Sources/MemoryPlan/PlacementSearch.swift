/// The best placement found so far, and the effort left to find a better one.
struct PlacementSearch {
    private struct Best {
        var placement: GreedyPlacement
        var units: AllocationUnits
        var order: [Int]
    }

    private let targetByteCount: Int
    private let granuleByteCount: Int
    private var comparisonsLeft: Int
    private var best: Best?

    init(targetByteCount: Int, granuleByteCount: Int, comparisonLimit: Int) {
        self.targetByteCount = targetByteCount
        self.granuleByteCount = granuleByteCount
        self.comparisonsLeft = comparisonLimit
    }

    var peakByteCount: Int { best?.placement.peakByteCount ?? 0 }

    /// One offset for each buffer of the problem.
    var offsets: [Int] {
        guard let best else { return [] }
        return best.units.unitOfBuffer.map { best.placement.offsets[$0] }
    }

    /// What a step of the climb takes besides comparisons, in the time of one: it copies the order
    /// and the placement.
    private static func cost(ofMoving unitCount: Int) -> Int { 4000 + 30 * unitCount }

    private var isDone: Bool {
        guard best != nil else { return false }
        let roundedPeak = (peakByteCount + (granuleByteCount - 1)) & -granuleByteCount
        return roundedPeak <= targetByteCount || comparisonsLeft <= 0
    }

    /// Places the units in this order and keeps the result if it is better.
    mutating func attempt(_ units: AllocationUnits, order: [Int]) {
        guard !isDone else { return }
        var placement = GreedyPlacement(units)
        let limit = best == nil ? Int.max : peakByteCount - 1
        if placement.place(order, upToByteCount: limit) {
            best = Best(placement: placement, units: units, order: order)
        }
        comparisonsLeft -= placement.comparisonCount
    }

    /// Moves units, mostly ones that reach the top of the arena, to earlier places in the order,
    /// and keeps each change that does not make the arena larger.
    mutating func climb() {
        guard let start = best, !isDone else { return }
        var current = start.placement
        var order = start.order
        var random = SplitMix64(state: 0x6D61_7274_6C65_7401)
        while !isDone {
            let top = order.filter { current.reachesTop($0, of: start.units) }
            let moved = random.next(below: 3) == 0 ? order : top
            guard let unit = moved.randomElement(using: &random),
                let position = order.firstIndex(of: unit)
            else { return }
            var candidate = order
            candidate.remove(at: position)
            candidate.insert(unit, at: random.next(below: position + 1))

            var placement = current
            let isKept = placement.place(candidate, upToByteCount: current.peakByteCount)
            comparisonsLeft -= placement.comparisonCount + Self.cost(ofMoving: order.count)
            guard isKept else { continue }
            // One of the same size is kept too: the way down often leads over plains.
            order = candidate
            current = placement
            if current.peakByteCount < peakByteCount {
                best = Best(placement: current, units: start.units, order: order)
            }
        }
    }
}

extension GreedyPlacement {
    fileprivate func reachesTop(_ unit: Int, of units: AllocationUnits) -> Bool {
        offsets[unit] + units.units[unit].byteCount == peakByteCount
    }
}

/// Steele, Lea, Flood: Fast splittable pseudorandom number generators (2014).
private struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var bits = state
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return bits ^ (bits >> 31)
    }

    mutating func next(below bound: Int) -> Int {
        Int(truncatingIfNeeded: next(upperBound: UInt64(bound)))
    }
}
