import MartletIR

/// What a kernel of the slice under way reads at each run.
struct SliceState {
    /// The slice's first entry in the batch.
    var firstEntry: Int64 = 0
    /// Where the slice's group keeps its sums.
    var sums: UnsafeMutablePointer<Float>
    /// Whether the group's sums hold nothing yet.
    var isFirstOfGroup = true
}

/// Runs the sliced steps of one session. Each thread works on slices of its own, in memory of its
/// own, from the first step to the last; groups of slices are the parts that threads share out.
///
/// Unchecked: a thread touches only its own worker, and the sums of the group it works on.
final class SliceRunner: @unchecked Sendable {
    private let plan: Plan
    private let slicing: BatchSlicing
    private let binder: any StepBinder
    private let workers: [Worker]
    private let sums: AlignedBuffer
    private let profile: PlanProfile?

    fileprivate struct Worker {
        let memory: Arena
        let scratch: Scratch
        /// The plan's addresses, with the slice's own for what lives in its memory.
        let addresses: [UnsafeMutableRawPointer]
        let state: UnsafeMutablePointer<SliceState>
    }

    /// A worker's phases for slices of one number of entries.
    ///
    /// Unchecked: its state is written by the one thread that runs its phases.
    private struct BoundSlice: @unchecked Sendable {
        var whole: [Phase] = []
        /// For the last slice of the batch, if it is smaller.
        var rest: [Phase] = []
        var state: UnsafeMutablePointer<SliceState>
    }

    init(
        _ plan: Plan, _ slicing: BatchSlicing, binder: any StepBinder,
        addresses: [UnsafeMutableRawPointer], threadCount: Int, isPoisoned: Bool,
        profile: PlanProfile? = nil
    ) throws {
        self.profile = profile
        self.plan = plan
        self.slicing = slicing
        self.binder = binder
        sums = try AlignedBuffer(byteCount: max(slicing.sumByteCount, 1))
        let sumBase = sums.base.assumingMemoryBound(to: Float.self)
        let scratchCount = slicing.isSerial ? threadCount : 1
        workers = try (0..<(slicing.isSerial ? 1 : threadCount)).map { _ in
            let memory = try Arena(
                byteCount: slicing.memory.peakByteCount, isPoisoned: isPoisoned)
            var local = addresses
            for (buffer, offset) in slicing.offsets { local[buffer] = memory.base + offset }
            let state = UnsafeMutablePointer<SliceState>.allocate(capacity: 1)
            state.initialize(to: SliceState(sums: sumBase))
            return Worker(
                memory: memory, scratch: try Scratch(workerCount: scratchCount), addresses: local,
                state: state)
        }
    }

    deinit {
        for worker in workers { worker.state.deallocate() }
    }

    /// The phases of the run: all slices, then the sums over the groups.
    func phases(_ context: BindingContext) throws -> [Phase] {
        let batch = context.extents(slicing.symbol)
        let (size, perGroup) = (slicing.sliceBound, slicing.slicesPerGroup)
        let bound = try workers.enumerated().map { number, worker in
            var slice = BoundSlice(state: worker.state)
            let thread = slicing.isSerial ? nil : number
            if batch >= size {
                slice.whole = try bind(worker, thread, entryCount: size, context)
            }
            if batch % size > 0 {
                slice.rest = try bind(worker, thread, entryCount: batch % size, context)
            }
            return slice
        }
        let sliceCount = slicing.sliceCount(of: batch)
        if slicing.isSerial {
            return serialPhases(bound[0].whole, bound[0].rest, batch: batch, context)
        }
        let groupSums = sums.base.assumingMemoryBound(to: Float.self)
        let sumCount = slicing.sumElementCount
        let failure = context.failure
        let slices = Phase(partCount: slicing.groupCount(of: batch)) { group, worker in
            let own = bound[worker]
            own.state.pointee.sums = groupSums + group * sumCount
            let first = group * perGroup
            for slice in first..<min(first + perGroup, sliceCount) {
                own.state.pointee.firstEntry = Int64(slice * size)
                own.state.pointee.isFirstOfGroup = slice == first
                for phase in (slice + 1) * size <= batch ? own.whole : own.rest {
                    // Kernels trust the checks before them.
                    if failure.hasFailed { return }
                    for part in 0..<phase.partCount { phase.body(part, 0) }
                }
            }
        }
        return [slices, combination(groupCount: slicing.groupCount(of: batch), context)]
    }

    /// The slices one after another, the parts of each step shared out.
    private func serialPhases(
        _ whole: [Phase], _ rest: [Phase], batch: Int, _ context: BindingContext
    ) -> [Phase] {
        let (size, state, failure) = (slicing.sliceBound, workers[0].state, context.failure)
        func skipped(_ phase: Phase) -> Phase {
            let body = phase.body
            return Phase(partCount: phase.partCount) { part, worker in
                if !failure.hasFailed { body(part, worker) }
            }
        }
        let phases = (whole.map(skipped), rest.map(skipped))
        // No slice at all: sums of nothing.
        let empty = batch == 0 ? [combination(groupCount: 0, context)] : []
        return empty
            + (0..<slicing.sliceCount(of: batch)).flatMap { slice in
                let begin = Phase(partCount: 1) { _, _ in
                    state.pointee.firstEntry = Int64(slice * size)
                    state.pointee.isFirstOfGroup = slice == 0
                }
                return [begin] + ((slice + 1) * size <= batch ? phases.0 : phases.1)
            }
    }

    /// Adds the groups' sums in a fixed tree.
    private func combination(groupCount: Int, _ context: BindingContext) -> Phase {
        var parts: [(partials: UnsafeMutablePointer<Float>, range: Range<Int>, target: Int)] = []
        let base = sums.base.assumingMemoryBound(to: Float.self)
        for sum in slicing.sums {
            let partition = Partition(extent: sum.elementCount, size: 4096)
            for part in 0..<partition.count {
                parts.append((base + sum.offset, partition.range(part), sum.buffer))
            }
        }
        let targets = parts.map {
            (
                $0.partials, $0.range,
                context.addresses[$0.target].assumingMemoryBound(to: Float.self)
            )
        }
        let (failure, stride) = (context.failure, slicing.sumElementCount)
        return Phase(partCount: targets.count) { part, _ in
            if failure.hasFailed { return }
            let (partials, range, target) = targets[part]
            TreeSum.combine(
                partials, count: groupCount, stride: stride, range: range, into: target)
        }
    }

    // MARK: One slice

    /// - Parameter thread: the one that runs all of the slice; nil where threads share each step.
    private func bind(
        _ worker: Worker, _ thread: Int?, entryCount: Int, _ outer: BindingContext
    ) throws -> [Phase] {
        var extents = outer.extents
        extents.extents[slicing.symbol.name] = entryCount
        let context = BindingContext(
            addresses: worker.addresses, extents: extents, scratch: worker.scratch,
            failure: outer.failure, firstEntry: worker.firstEntry)
        var phases = slicing.stagedIn.map { staged in
            let (from, to) = (outer.addresses[staged.buffer], context.addresses[staged.buffer])
            let byteCount = entryByteCount(staged.type, context)
            return copy(worker.state) { first in
                to.copyMemory(from: from + first * byteCount, byteCount: entryCount * byteCount)
            }
        }
        for (index, step) in plan.steps[slicing.steps].enumerated() {
            let made = try binder.bind(step, context)
            let number = slicing.steps.lowerBound + index
            phases += profiled(made, step, number, context, thread)
            phases += slicing.sums.filter { $0.step == index }.map {
                addition($0, worker, outer)
            }
        }
        phases += slicing.stagedOut.map { staged in
            let (from, to) = (context.addresses[staged.buffer], outer.addresses[staged.buffer])
            let byteCount = entryByteCount(staged.type, context)
            return copy(worker.state) { first in
                (to + first * byteCount).copyMemory(
                    from: from, byteCount: entryCount * byteCount)
            }
        }
        try worker.scratch.allocate()
        return phases
    }

    private func profiled(
        _ phases: [Phase], _ step: PlanStep, _ number: Int, _ context: BindingContext,
        _ thread: Int?
    ) -> [Phase] {
        guard let profile else { return phases }
        let names = binder.kernelNames(step, index: number, context)
        return profile.timed(phases, names: names, step, context.extents, thread: thread)
    }

    private func entryByteCount(_ type: TensorType, _ context: BindingContext) -> Int {
        let entry = type.shape.evaluated { context.extents($0) }?.dropFirst() ?? []
        return entry.reduce(1, *) * type.dtype.byteCount
    }

    private func copy(
        _ state: UnsafeMutablePointer<SliceState>, _ body: @escaping (_ first: Int) -> Void
    ) -> Phase {
        Phase(partCount: 1) { _, _ in body(Int(state.pointee.firstEntry)) }
    }

    /// Adds a slice's contribution to its group's sum.
    private func addition(
        _ sum: BatchSlicing.Sum, _ worker: Worker, _ outer: BindingContext
    ) -> Phase {
        let from = worker.addresses[sum.buffer].assumingMemoryBound(to: Float.self)
        let whole = outer.addresses[sum.buffer].assumingMemoryBound(to: Float.self)
        let (state, offset) = (worker.state, sum.offset)
        let isSerial = slicing.isSerial
        let partition = Partition(
            extent: sum.elementCount, size: isSerial ? 1 << 15 : sum.elementCount)
        return Phase(partCount: partition.count) { part, _ in
            let range = partition.range(part)
            let to = (isSerial ? whole : state.pointee.sums + offset) + range.lowerBound
            if state.pointee.isFirstOfGroup {
                to.update(from: from + range.lowerBound, count: range.count)
            } else {
                mapRange(to, from + range.lowerBound, to, range.count) { $0 + $1 }
            }
        }
    }
}

extension SliceRunner.Worker {
    /// The place of `SliceState.firstEntry`.
    fileprivate var firstEntry: UnsafeMutablePointer<Int64>? {
        MemoryLayout<SliceState>.offset(of: \.firstEntry).map {
            (UnsafeMutableRawPointer(state) + $0).assumingMemoryBound(to: Int64.self)
        }
    }
}
