/// Where each buffer of a problem begins in one arena.
public struct MemoryPlan: Hashable, Sendable {
    public let problem: MemoryProblem
    /// The first byte of each buffer, in the order of the problem.
    public let offsets: [Int]
    /// The size of the arena.
    public let peakByteCount: Int
    /// The most bytes live in one step: no arena can be smaller.
    public let lowerBoundByteCount: Int
    /// The step in which that many bytes are live.
    public let busiestStep: Int

    /// What the buffers would take without sharing: the sum of their sizes.
    public var naiveByteCount: Int { problem.naiveByteCount }

    /// The arena has to begin at a multiple of this.
    public var alignmentByteCount: Int {
        problem.buffers.lazy.map(\.alignmentByteCount).max() ?? 1
    }

    /// A plan as someone claims it; `MemoryPlanValidator` says whether it is one.
    package init(
        problem: MemoryProblem, offsets: [Int], peakByteCount: Int, lowerBoundByteCount: Int,
        busiestStep: Int
    ) {
        self.problem = problem
        self.offsets = offsets
        self.peakByteCount = peakByteCount
        self.lowerBoundByteCount = lowerBoundByteCount
        self.busiestStep = busiestStep
    }

    /// - Throws: `MemoryPlanError.exceedsLimit` naming the busiest step and its largest buffers if
    ///   the arena is larger than `limitByteCount`.
    public func checkFits(limitByteCount: Int) throws {
        guard peakByteCount > limitByteCount else { return }
        let live = problem.buffers.enumerated().filter {
            ($0.element.firstUse...$0.element.lastUse).contains(busiestStep)
        }
        let largest = live.sorted {
            ($1.element.byteCount, $0.offset) < ($0.element.byteCount, $1.offset)
        }.prefix(3)
        throw MemoryPlanError.exceedsLimit(
            peakByteCount: peakByteCount, limitByteCount: limitByteCount,
            busiestStep: busiestStep, lowerBoundByteCount: lowerBoundByteCount,
            largest: largest.map { "\"\($0.element.name)\" (\($0.element.byteCount))" })
    }
}
