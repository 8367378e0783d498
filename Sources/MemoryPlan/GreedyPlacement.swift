/// Places units one after another, each in the smallest gap between those already placed that is
/// large enough; the end of the arena counts as the largest gap.
struct GreedyPlacement {
    /// A placed unit, small enough that a scan over thousands stays in cache.
    private struct Placed {
        var firstUse: Int32
        var lastUse: Int32
        var unit: Int32
        var offset: Int
        var end: Int
    }

    private let units: AllocationUnits
    /// Lifetimes in ranks: only the order of the steps matters.
    private let lifetimes: [(firstUse: Int32, lastUse: Int32)]
    /// In ascending order of offset.
    private var placed: [Placed] = []

    private(set) var offsets: [Int]
    private(set) var peakByteCount = 0
    /// How many placed units the last run looked at: a measure of time that is the same everywhere.
    private(set) var comparisonCount = 0

    init(_ units: AllocationUnits) {
        self.units = units
        let steps = Set(units.units.flatMap { [$0.firstUse, $0.lastUse] }).sorted()
        let ranks = Dictionary(
            uniqueKeysWithValues: steps.enumerated().map { ($1, Int32(truncatingIfNeeded: $0)) })
        lifetimes = units.units.map { (ranks[$0.firstUse] ?? 0, ranks[$0.lastUse] ?? 0) }
        offsets = [Int](repeating: 0, count: units.units.count)
        placed.reserveCapacity(units.units.count)
    }

    /// - Returns: the place in the order of the first unit that does not fit into
    ///   `limitByteCount`, where the placement ends; nil if all fit.
    mutating func place(_ order: [Int], upToByteCount limitByteCount: Int) -> Int? {
        placed.removeAll(keepingCapacity: true)
        peakByteCount = 0
        comparisonCount = 0
        for (position, unit) in order.enumerated() where units.units[unit].byteCount > 0 {
            let offset = sharedOffset(for: unit) ?? freeOffset(for: unit)
            let end = offset + units.units[unit].byteCount
            guard end <= limitByteCount else { return position }
            peakByteCount = max(peakByteCount, end)
            offsets[unit] = offset
            insert(unit, from: offset, to: end)
        }
        return nil
    }

    private mutating func insert(_ unit: Int, from offset: Int, to end: Int) {
        var low = 0
        var high = placed.count
        while low < high {
            let middle = (low + high) / 2
            if placed[middle].offset < offset { low = middle + 1 } else { high = middle }
        }
        placed.insert(
            Placed(
                firstUse: lifetimes[unit].firstUse, lastUse: lifetimes[unit].lastUse,
                unit: Int32(truncatingIfNeeded: unit), offset: offset, end: end),
            at: low)
    }

    /// The offset of a placed partner, if nothing else is in the way there.
    private mutating func sharedOffset(for unit: Int) -> Int? {
        let partners = units.partners[unit]
        for partner in partners {
            comparisonCount += placed.count
            if let offset = sharedOffset(for: unit, with: partner, among: partners) {
                return offset
            }
        }
        return nil
    }

    private func sharedOffset(for unit: Int, with partner: Int, among partners: [Int]) -> Int? {
        let offset = offsets[partner]
        let end = offset + units.units[unit].byteCount
        let mask = units.units[unit].alignmentByteCount - 1
        guard offset & mask == 0 else { return nil }
        let (firstUse, lastUse) = lifetimes[unit]
        var isPlaced = false
        for other in placed {
            guard other.offset < end else { break }
            guard other.end > offset, other.firstUse <= lastUse, other.lastUse >= firstUse
            else { continue }
            guard other.offset == offset, partners.contains(Int(other.unit)) else { return nil }
            if Int(other.unit) == partner { isPlaced = true }
        }
        return isPlaced ? offset : nil
    }

    private mutating func freeOffset(for unit: Int) -> Int {
        let (firstUse, lastUse) = lifetimes[unit]
        let byteCount = units.units[unit].byteCount
        let mask = units.units[unit].alignmentByteCount - 1
        comparisonCount += placed.count
        return placed.withUnsafeBufferPointer { placed in
            var occupiedEnd = 0
            var bestOffset = -1
            var bestGap = Int.max
            for other in placed where other.firstUse <= lastUse && other.lastUse >= firstUse {
                if other.offset > occupiedEnd {
                    let gap = other.offset - occupiedEnd
                    let offset = (occupiedEnd + mask) & ~mask
                    if gap < bestGap, offset + byteCount <= other.offset {
                        bestGap = gap
                        bestOffset = offset
                    }
                }
                if other.end > occupiedEnd { occupiedEnd = other.end }
            }
            return bestOffset >= 0 ? bestOffset : (occupiedEnd + mask) & ~mask
        }
    }
}
