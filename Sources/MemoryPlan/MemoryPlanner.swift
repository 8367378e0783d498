/// Finds a small arena: several greedy orders, the best of which is improved by a bounded climb if
/// it is still above the lower bound.
///
/// The effort is counted in comparisons and not in time, so the same problem gives the same plan
/// on every machine.
public struct MemoryPlanner: Sendable {
    /// About how many pairs of buffers may be compared after the first attempts; one takes about a
    /// nanosecond.
    public var comparisonLimit: Int

    public init(comparisonLimit: Int = 30_000_000) {
        self.comparisonLimit = comparisonLimit
    }

    /// Sorting apart, takes time proportional to the square of the number of buffers at worst.
    public func plan(_ problem: MemoryProblem) -> MemoryPlan {
        let units = AllocationUnits(problem)
        let busiest = units.busiestStep()
        let search = search(units)
        return MemoryPlan(
            problem: problem, offsets: search.offsets, peakByteCount: search.peakByteCount,
            lowerBoundByteCount: busiest.byteCount, busiestStep: busiest.step)
    }

    private func search(_ units: AllocationUnits) -> PlacementSearch {
        let granule = units.units.lazy.map(\.alignmentByteCount).min() ?? 1
        let target = units.busiestStep(granuleByteCount: granule).byteCount
        var search = PlacementSearch(
            targetByteCount: target, granuleByteCount: granule, comparisonLimit: comparisonLimit)
        let joined = units.joiningEqualSizes()
        let variants = joined.units.count < units.units.count ? [joined, units] : [units]
        for order in PlacementOrder.allCases {
            for variant in variants {
                search.attempt(variant, order: order.order(variant))
            }
        }
        search.climb()
        return search
    }
}
