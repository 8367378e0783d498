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
        workers = try (0..<slicing.workerCount(threadCount)).map { _ in
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
        if slicing.isSerial { return try serialPhases(context) }
        let batch = context.extents(slicing.symbol)
        let (size, perGroup) = (slicing.sliceBound, slicing.slicesPerGroup)
        let bound = try workers.enumerated().map { number, worker in
            var slice = BoundSlice(state: worker.state)
            if batch >= size {
                slice.whole = try bind(worker, number, entryCount: size, context)
            }
            if batch % size > 0 {
                slice.rest = try bind(worker, number, entryCount: batch % size, context)
            }
            return slice
        }
        let sliceCount = slicing.sliceCount(of: batch)
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
    private func serialPhases(_ context: BindingContext) throws -> [Phase] {
        let batch = context.extents(slicing.symbol)
        let (size, worker, failure) = (slicing.sliceBound, workers[0], context.failure)
        func slice(_ entryCount: Int, isFirst: Bool) throws -> [Phase] {
            try bind(
                worker, nil, entryCount: entryCount, context, sums: isFirst ? .started : .grown
            ).map { phase in
                Phase(partCount: phase.partCount) { part, worker in
                    if !failure.hasFailed { phase.body(part, worker) }
                }
            }
        }
        // No slice at all: sums of nothing.
        if batch == 0 { return [combination(groupCount: 0, context)] }
        let first = try slice(min(batch, size), isFirst: true)
        let whole = batch >= 2 * size ? try slice(size, isFirst: false) : []
        let hasRest = batch > size && batch % size > 0
        let rest = hasRest ? try slice(batch % size, isFirst: false) : []
        return (0..<slicing.sliceCount(of: batch)).flatMap { number in
            let begin = Phase(partCount: 1) { _, _ in
                worker.state.pointee.firstEntry = Int64(number * size)
                worker.state.pointee.isFirstOfGroup = number == 0
            }
            if number == 0 { return [begin] + first }
            return [begin] + ((number + 1) * size <= batch ? whole : rest)
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

    /// How a slice's sums become those of its group.
    private enum SumPlace {
        /// Added to memory that is known when the slice runs.
        case group
        /// They are the first in the one group's place, or added to what is there.
        case started, grown
    }

    /// - Parameter thread: the one that runs all of the slice; nil where threads share each step.
    private func bind(
        _ worker: Worker, _ thread: Int?, entryCount: Int, _ outer: BindingContext,
        sums place: SumPlace = .group
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
            let number = slicing.steps.lowerBound + index
            let sums = slicing.sums.filter { $0.step == index }
            if let sum = sums.first, place != .group,
                let made = try inPlace(step, sum, isFirst: place == .started, context, outer)
            {
                phases += profiled(made, step, number, context, thread)
                continue
            }
            phases += profiled(try binder.bind(step, context), step, number, context, thread)
            phases += sums.map { addition($0, worker, outer) }
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

    /// A step that makes or adds to a sum where it belongs, if the backend can add.
    private func inPlace(
        _ step: PlanStep, _ sum: BatchSlicing.Sum, isFirst: Bool, _ context: BindingContext,
        _ outer: BindingContext
    ) throws -> [Phase]? {
        var context = context
        context.addresses[sum.buffer] = outer.addresses[sum.buffer]
        guard let adding = try binder.bindAdding(step, context) else { return nil }
        return isFirst ? try binder.bind(step, context) : adding
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
