import MartletIR
import MartletMemoryPlan

/// A run of a plan's steps that goes over the batch slice by slice, forward and backward, so that
/// what lives between them costs a slice and stays in cache.
///
/// Slices form groups of fixed size, the parts that threads share out; sums over the batch (weight
/// gradients) are taken per group, in the order of its slices, and the groups are joined in a fixed
/// tree. A single group is not shared out: there the threads share the parts of each step, and the
/// sums grow in their own place. Slices and groups follow from the plan alone, so the bits are the
/// same for any number of threads.
public struct BatchSlicing: Sendable {
    /// A sum over the batch: what a slice adds to it, and where a group keeps it.
    public struct Sum: Sendable, Hashable {
        public var buffer: Int
        public var elementCount: Int
        /// The first element among a group's sums.
        public var offset: Int
        /// The step, within the run, that makes a slice's contribution.
        public var step: Int
    }

    /// A tensor of the whole batch of which a slice has its own copy.
    public struct Staged: Sendable, Hashable {
        public var buffer: Int
        /// As the slice sees it.
        public var type: TensorType
    }

    /// The batch, with its bound in the whole plan.
    public let symbol: Symbol
    /// The run; its types and shapes are those of a slice.
    public let steps: Range<Int>
    /// Entries of a slice.
    public let sliceBound: Int
    public let slicesPerGroup: Int
    /// Where each buffer that the run writes, or takes entries from, lies in a slice's memory.
    public let offsets: [Int: Int]
    /// Copied into the slice's memory before the run, and out of it after.
    public let stagedIn: [Staged]
    public let stagedOut: [Staged]
    public let sums: [Sum]
    /// Of one slice; each thread has its own.
    public let memory: MemoryPlan

    /// Elements of all sums of a group.
    public var sumElementCount: Int { sums.map(\.elementCount).reduce(0, +) }

    public func sliceCount(of batch: Int) -> Int { (batch + sliceBound - 1) / sliceBound }

    public func groupCount(of batch: Int) -> Int {
        (sliceCount(of: batch) + slicesPerGroup - 1) / slicesPerGroup
    }

    /// Whether all slices are one group.
    public var isSerial: Bool { slicesPerGroup >= sliceCount(of: symbol.bound) }

    /// How many slices are under way at a time: one for each thread, unless the threads share each
    /// slice's steps.
    func workerCount(_ threadCount: Int) -> Int { isSerial ? 1 : threadCount }

    /// The steps that make nothing but one sum which grows in its own place, so that they could add
    /// to it themselves.
    package func growingSums(_ plan: Plan) -> [PlanStep] {
        guard isSerial else { return [] }
        return sums.map { plan.steps[steps.lowerBound + $0.step] }.filter {
            $0.results.compactMap { $0 }.count == 1
        }
    }

    /// Bytes for the groups' sums at the bound.
    public var sumByteCount: Int {
        isSerial
            ? 0 : groupCount(of: symbol.bound) * sumElementCount * MemoryLayout<Float>.stride
    }
}

/// How large slices are made.
public struct SliceSize: Sendable, Hashable {
    /// Entries of the batch in a slice.
    public var entryCount: Int
    public var groupCount: Int

    public init(entryCount: Int, groupCount: Int) {
        self.entryCount = entryCount
        self.groupCount = groupCount
    }
}
