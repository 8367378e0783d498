/// An order in which units are placed. What comes early gets the better place.
enum PlacementOrder: CaseIterable {
    /// Largest first: right for most training steps, whose few large sizes fill the arena.
    case size
    /// Largest product of size and lifetime first.
    case area
    /// The busiest step first, and in it the largest first.
    case breadth
    /// Longest lived first.
    case lifetime
    /// In the order of first use, as an allocator at run time would.
    case firstUse

    /// All units, each once. Ties go to the larger, then to the earlier, then to the lower index.
    func order(_ units: AllocationUnits) -> [Int] {
        let keys = keys(units)
        return units.units.indices.sorted { left, right in
            if keys[left] != keys[right] { return keys[left] > keys[right] }
            let (leftUnit, rightUnit) = (units.units[left], units.units[right])
            if leftUnit.byteCount != rightUnit.byteCount {
                return leftUnit.byteCount > rightUnit.byteCount
            }
            if leftUnit.firstUse != rightUnit.firstUse {
                return leftUnit.firstUse < rightUnit.firstUse
            }
            return left < right
        }
    }

    /// The largest key is placed first. Floating point, as products may exceed an `Int`.
    private func keys(_ units: AllocationUnits) -> [Double] {
        switch self {
        case .size: units.units.map { Double($0.byteCount) }
        case .area: units.units.map { Double($0.byteCount) * $0.stepCount }
        case .breadth: units.liveBytesAtBusiestStepOfEach()
        case .lifetime: units.units.map(\.stepCount)
        case .firstUse: units.units.map { -Double($0.firstUse) }
        }
    }
}

extension AllocationUnits.Unit {
    fileprivate var stepCount: Double { Double(lastUse) - Double(firstUse) + 1 }
}

extension AllocationUnits {
    /// For each unit the live bytes of the busiest step of its lifetime.
    fileprivate func liveBytesAtBusiestStepOfEach() -> [Double] {
        // Live bytes only grow at first uses, so these steps are the only ones to look at.
        let steps = Set(units.map(\.firstUse)).sorted()
        var liveBytes = [Double](repeating: 0, count: steps.count + 1)
        let ranges = units.map { unit in
            steps.partitioningIndex {
                $0 >= unit.firstUse
            }..<steps.partitioningIndex {
                $0 > unit.lastUse
            }
        }
        for (unit, range) in zip(units, ranges) {
            liveBytes[range.lowerBound] += Double(unit.byteCount)
            liveBytes[range.upperBound] -= Double(unit.byteCount)
        }
        for index in liveBytes.indices.dropFirst() { liveBytes[index] += liveBytes[index - 1] }
        return ranges.map { liveBytes[$0].max() ?? 0 }
    }
}

extension [Int] {
    /// The first index whose element satisfies a condition that all later elements satisfy too.
    fileprivate func partitioningIndex(where isInUpperPart: (Int) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if isInUpperPart(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
