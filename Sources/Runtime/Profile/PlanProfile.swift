import Glibc
import MartletIR

/// A kernel of a bound plan, as a profile knows it.
public struct ProfiledKernel: Hashable, Sendable {
    /// `matmul.17`: the name that `martlet inspect --plan` prints.
    public let name: String
    /// The plan step the kernel belongs to: `dot_general+bias`.
    public let step: String
    /// The layer it came from.
    public let path: String
    /// Of the kernel run once, over all threads: once a step, or once a slice of the batch.
    public let cost: StepCost
    public let partCount: Int
}

/// When one thread worked on one kernel of one run.
public struct ProfiledSlice: Hashable, Sendable {
    /// An index into `PlanProfile.kernels`.
    public let kernel: Int
    public let run: Int
    /// 0 is the thread that called.
    public let thread: Int
    /// The kernel's parts that this thread took.
    public let partCount: Int
    /// Nanoseconds of the system's monotonic clock, from the first part's begin to the last one's
    /// end.
    public let startNanoseconds: UInt64
    public let endNanoseconds: UInt64

    public var nanoseconds: UInt64 { endNanoseconds - startNanoseconds }
}

/// Takes the times of a plan's kernels, thread by thread, while it runs.
///
/// A session that is given a profile records into it; kernels of one without run bare. Each
/// thread writes to a ring of its own, made ahead: recording neither allocates nor waits, and once
/// the ring is full the oldest slices make room.
///
/// Unchecked: read it between runs only, and record one run at a time.
public final class PlanProfile: @unchecked Sendable {
    /// Off while steps warm up.
    public var isRecording = true
    /// What slices refer to.
    public private(set) var kernels: [ProfiledKernel] = []
    private var numbers: [ProfiledKernel: Int32] = [:]
    private let sliceCapacity: Int
    private var rings: [SliceRing] = []
    private var run: Int32 = 0

    /// - Parameter sliceCapacity: slices kept of each thread.
    public init(sliceCapacity: Int = 1 << 16) { self.sliceCapacity = max(1, sliceCapacity) }

    deinit { for ring in rings { ring.deallocate() } }

    func reserve(threadCount: Int) {
        while rings.count < threadCount { rings.append(SliceRing(capacity: sliceCapacity)) }
    }

    func beginRun() { run &+= 1 }

    /// What runs before a step's kernels is called.
    package static func prologueName(_ index: Int) -> String { prologuePrefix + "\(index)" }

    private static let prologuePrefix = "prologue."

    /// The phases of a step with a clock around each part.
    ///
    /// - Parameters:
    ///   - names: of the phases; the last one goes for all that follow.
    ///   - thread: the one that runs them; nil for the thread that each part is told.
    func timed(
        _ phases: [Phase], names: [String], _ step: PlanStep, _ extents: SymbolExtents,
        thread: Int? = nil
    ) -> [Phase] {
        // A step's whole work counts as its first kernel's.
        let first = names.firstIndex { !$0.hasPrefix(Self.prologuePrefix) } ?? 0
        return phases.enumerated().map { number, phase in
            let kernel = ProfiledKernel(
                name: names[min(number, names.count - 1)], step: step.label, path: step.path,
                cost: number == first ? step.cost(extents) : StepCost(),
                partCount: phase.partCount)
            return timed(phase, number: register(kernel), thread: thread)
        }
    }

    /// Slices bound for each thread share a kernel's number.
    private func register(_ kernel: ProfiledKernel) -> Int32 {
        if let known = numbers[kernel] { return known }
        let number = Int32(kernels.count)
        kernels.append(kernel)
        numbers[kernel] = number
        return number
    }

    private func timed(_ phase: Phase, number: Int32, thread: Int?) -> Phase {
        let body = phase.body
        return Phase(partCount: phase.partCount) { [self] part, worker in
            guard isRecording else { return body(part, worker) }
            let start = Self.now()
            body(part, worker)
            rings[thread ?? worker].record(kernel: number, run: run, from: start, to: Self.now())
        }
    }

    private static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }

    /// What was recorded, in the order of time; slices begun at one time in that of the threads.
    public var slices: [ProfiledSlice] {
        let all = rings.enumerated().flatMap { thread, ring in ring.slices(thread: thread) }
        // Runs that a ring has begun to forget are left out on every thread.
        let forgotten = rings.compactMap(\.lastForgottenRun).max() ?? 0
        return all.filter { $0.run > forgotten }.sorted {
            ($0.startNanoseconds, $0.thread) < ($1.startNanoseconds, $1.thread)
        }
    }
}

/// The latest slices of one thread.
private struct SliceRing {
    private struct Entry {
        var kernel: Int32
        var run: Int32
        var partCount: Int32
        var start: UInt64
        var end: UInt64
    }

    private struct State {
        /// Slices written so far, those overwritten included.
        var count = 0
        var lastForgottenRun: Int32 = 0
    }

    private let capacity: Int
    private let entries: UnsafeMutablePointer<Entry>
    private let state: UnsafeMutablePointer<State>

    init(capacity: Int) {
        self.capacity = capacity
        entries = .allocate(capacity: capacity)
        entries.initialize(
            repeating: Entry(kernel: -1, run: 0, partCount: 0, start: 0, end: 0), count: capacity)
        // A cache line of its own, lest threads write to one another's.
        let line = UnsafeMutableRawPointer.allocate(byteCount: 128, alignment: 128)
        state = line.bindMemory(to: State.self, capacity: 1)
        state.initialize(to: State())
    }

    func deallocate() {
        entries.deallocate()
        UnsafeMutableRawPointer(state).deallocate()
    }

    /// Lengthens the last entry if it is of the same kernel and run.
    @inline(__always)
    func record(kernel: Int32, run: Int32, from start: UInt64, to end: UInt64) {
        let count = state.pointee.count
        if count > 0 {
            let last = entries + (count - 1) % capacity
            if last.pointee.kernel == kernel && last.pointee.run == run {
                last.pointee.end = end
                last.pointee.partCount += 1
                return
            }
        }
        let place = entries + count % capacity
        if count >= capacity { state.pointee.lastForgottenRun = place.pointee.run }
        place.pointee = Entry(kernel: kernel, run: run, partCount: 1, start: start, end: end)
        state.pointee.count = count + 1
    }

    var lastForgottenRun: Int? {
        state.pointee.count > capacity ? Int(state.pointee.lastForgottenRun) : nil
    }

    func slices(thread: Int) -> [ProfiledSlice] {
        let count = state.pointee.count
        return (max(0, count - capacity)..<count).map { index in
            let entry = entries[index % capacity]
            return ProfiledSlice(
                kernel: Int(entry.kernel), run: Int(entry.run), thread: thread,
                partCount: Int(entry.partCount), startNanoseconds: entry.start,
                endNanoseconds: entry.end)
        }
    }
}
