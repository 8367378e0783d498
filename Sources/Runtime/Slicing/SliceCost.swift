import MartletIR

/// The caches of a target, as far as the choice of slices looks at them.
public struct CacheSizes: Sendable, Hashable {
    /// Bytes that a core has for itself.
    public var perCore: Int
    /// Bytes that all cores share.
    public var shared: Int

    public init(perCore: Int = 1 << 20, shared: Int = 32 << 20) {
        self.perCore = perCore
        self.shared = shared
    }
}

extension Plan {
    /// Groups of slices: parts for the threads, and sums to be joined.
    private static let groupCount = 16

    /// The plan in slices where that pays by this model, else nil:
    ///
    /// - A slice holds as many entries as fit a core's cache; if not even one does, a quarter of
    ///   the shared one.
    /// - Weights are read again for each slice. Those that stay in a core's cache cost nothing,
    ///   those in the shared one want 128 rows of work.
    /// - Larger ones want 512 rows, by all threads together, and pay only by the memory they save:
    ///   at least half of it.
    /// - The groups' sums must not outgrow what the slices save.
    ///
    /// - Throws: `MemoryPlanError` where a size overflows.
    public func slicedByCost(_ caches: CacheSizes = CacheSizes()) throws -> Plan? {
        guard slicing == nil, memory.peakByteCount > caches.perCore,
            let single = try sliced(SliceSize(entryCount: 1, groupCount: Self.groupCount)),
            let one = single.slicing
        else { return nil }
        let entry = max(one.memory.peakByteCount, 1)
        let weights = single.sliceWeights(one)
        guard weights.productCount > 0 else { return nil }
        if weights.byteCount > caches.shared / 2 {
            return try serialByCost(one, rowsPerEntry: weights.rowsPerEntry)
        }
        let byCache =
            entry <= caches.perCore ? caches.perCore / entry : caches.shared / 4 / entry
        let rows = weights.byteCount <= caches.perCore / 2 ? 1 : 128
        let byWeights = (rows + weights.rowsPerEntry - 1) / max(weights.rowsPerEntry, 1)
        let entryCount = max(1, byCache, byWeights)
        let sliceCount = (one.symbol.bound + entryCount - 1) / entryCount
        guard sliceCount >= 8 else { return nil }
        let limit = max(caches.shared / 4, memory.peakByteCount / 8)
        let sumByteCount = one.sumElementCount * MemoryLayout<Float>.stride
        let groupCount = [Self.groupCount, Self.groupCount / 2].first {
            $0 * sumByteCount <= limit
        }
        guard let groupCount else { return nil }
        return try sliced(SliceSize(entryCount: entryCount, groupCount: groupCount))
    }

    /// Slices one after another, to save memory: only where a backward pass keeps much of it.
    private func serialByCost(_ one: BatchSlicing, rowsPerEntry: Int) throws -> Plan? {
        let entryCount = max(1, 512 / max(rowsPerEntry, 1))
        guard !one.sums.isEmpty, one.symbol.bound >= 4 * entryCount,
            let plan = try sliced(SliceSize(entryCount: entryCount, groupCount: 1)),
            let slicing = plan.slicing
        else { return nil }
        let byteCount = plan.memory.peakByteCount + slicing.memory.peakByteCount
        return 2 * byteCount <= memory.peakByteCount ? plan : nil
    }

    /// What the slices' matrix products read besides the slice, and how many rows of a slice of
    /// one entry a product has on average.
    private func sliceWeights(
        _ slicing: BatchSlicing
    ) -> (byteCount: Int, rowsPerEntry: Int, productCount: Int) {
        var seen = Set<Int>()
        var byteCount = 0
        var (work, weightCount) = (0.0, 0.0)
        for step in steps[slicing.steps] {
            let dot: DotGeneral
            switch step.work {
            case .op(.dotGeneral(let op)): dot = op
            case .product(let product): dot = product.product
            default: continue
            }
            let (left, right) = (step.operands[0], step.operands[1])
            guard slicing.offsets[right.buffer] == nil,
                let count = right.type.shape.elementCount.bound
            else { continue }
            if seen.insert(right.buffer).inserted { byteCount += buffers[right.buffer].byteCount }
            let free = dot.leftFree(rank: left.type.rank).map { left.type.shape[$0] }
            work += Double(count) * Double(Shape(free).elementCount.bound ?? 0)
            weightCount += Double(count)
        }
        return (byteCount, Int(work / max(weightCount, 1)), seen.count)
    }
}
