/// The best placement found so far, and the effort left to find a better one.
struct PlacementSearch {
    private struct Candidate {
        var placement: GreedyPlacement
        var units: AllocationUnits
        var order: [Int]
    }

    private let targetByteCount: Int
    private let granuleByteCount: Int
    private var comparisonsLeft: Int
    private var best: Candidate?
    /// Every order that was attempted, to climb from.
    private var starts: [Candidate] = []

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
        let isBetter = placement.place(order, upToByteCount: limit) == nil
        starts.append(Candidate(placement: placement, units: units, order: order))
        if isBetter { best = starts.last }
        comparisonsLeft -= placement.comparisonCount
    }

    /// Squeaky wheel: asks for a smaller arena, and moves the unit that does not fit to an earlier
    /// place in the order until all fit. Walks that do not get there are given up; the next begins
    /// in turn at the best order so far and at one of the attempted ones.
    mutating func climb() {
        guard var current = best, !isDone else { return }
        var walkCount = 0
        var movesLeft = Self.movesPerWalk
        var random = SplitMix64(state: 0x6D61_7274_6C65_7401)
        while !isDone {
            let obstacle = current.placement.place(
                current.order, upToByteCount: peakByteCount - 1)
            comparisonsLeft -=
                current.placement.comparisonCount + Self.cost(ofMoving: current.order.count)
            guard let obstacle else {
                best = current
                movesLeft = Self.movesPerWalk
                continue
            }
            let unit = current.order.remove(at: obstacle)
            current.order.insert(unit, at: random.next(below: obstacle + 1))
            movesLeft -= 1
            if movesLeft == 0, let best {
                current = walkCount % 2 == 1 ? best : starts[walkCount / 2 % starts.count]
                walkCount += 1
                movesLeft = Self.movesPerWalk
            }
        }
    }

    private static let movesPerWalk = 100

    /// What a move takes besides comparisons, in the time of one: mostly for shifting arrays.
    private static func cost(ofMoving unitCount: Int) -> Int { 1000 + 10 * unitCount }
}

/// Steele, Lea, Flood: Fast splittable pseudorandom number generators (2014).
private struct SplitMix64 {
    var state: UInt64

    /// A number in 0..<bound.
    mutating func next(below bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var bits = state
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        bits ^= bits >> 31
        return Int(truncatingIfNeeded: bits.multipliedFullWidth(by: UInt64(bound)).high)
    }
}
