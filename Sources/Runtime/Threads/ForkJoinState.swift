import CMartlet
import Synchronization

/// What the threads of a pool share.
///
/// All handing out goes through one 64-bit word, the ticket: the phase's sequence number in the
/// upper half, the parts not yet handed out in the lower. A thread takes a part by lowering the
/// ticket by one in a compare-and-exchange; as the sequence number never repeats, a thread that
/// comes late can only fail, or take a part of the phase that the ticket now names. The run's
/// description is read only while a part of it is held, and so while it is alive.
///
/// Whoever completes a phase's last part publishes the next phase, so nobody waits for a thread
/// that has no part. A thread without work spins on the ticket, then sleeps on its upper half.
///
/// Unchecked: `run` and `work` are plain memory, ordered by the ticket as told above.
final class ForkJoinState: @unchecked Sendable {
    private struct Run {
        var phases: UnsafeBufferPointer<Phase>
        /// The sequence number of phase 0; phase i has `base + i`, the end `base + count`.
        var base: UInt32
    }

    /// Two cache lines, because cores fetch lines in pairs.
    private static let lineByteCount = 128

    private let memory: UnsafeMutableRawPointer
    private let ticket: UnsafeMutablePointer<Atomic<UInt64>>
    private let completedParts: UnsafeMutablePointer<Atomic<Int>>
    private let sleepers: UnsafeMutablePointer<Atomic<Int>>
    private let callerSleeps: UnsafeMutablePointer<Atomic<Bool>>
    private let isBusy: UnsafeMutablePointer<Atomic<Bool>>
    private let isStopped: UnsafeMutablePointer<Atomic<Bool>>
    private let run: UnsafeMutablePointer<Run>
    private let work: UnsafeMutablePointer<WorkReference?>
    private let workBody: (_ part: Int, _ worker: Int) -> Void
    private let spinLimit: Int

    init(spinLimit: Int) {
        self.spinLimit = spinLimit
        let line = Self.lineByteCount
        let memory = UnsafeMutableRawPointer.allocate(byteCount: 5 * line, alignment: line)
        self.memory = memory
        ticket = Self.place(Atomic(0), in: memory)
        completedParts = Self.place(Atomic(0), in: memory + line)
        sleepers = Self.place(Atomic(0), in: memory + 2 * line)
        callerSleeps = Self.place(Atomic(false), in: memory + 2 * line + 16)
        isStopped = Self.place(Atomic(false), in: memory + 2 * line + 32)
        isBusy = Self.place(Atomic(false), in: memory + 3 * line)
        run = Self.place(
            Run(phases: UnsafeBufferPointer(start: nil, count: 0), base: 0), in: memory + 4 * line)
        let work = Self.place(WorkReference?.none, in: memory + 4 * line + 64)
        workBody = { part, worker in work.pointee?.run(part: part, worker: worker) }
        self.work = work
    }

    deinit {
        // The atomics and the run are trivial: nothing but the memory to give back.
        memory.deallocate()
    }

    private static func place<Value: ~Copyable>(
        _ value: consuming Value, in memory: UnsafeMutableRawPointer
    ) -> UnsafeMutablePointer<Value> {
        let pointer = memory.bindMemory(to: Value.self, capacity: 1)
        pointer.initialize(to: value)
        return pointer
    }

    // MARK: The caller

    /// Runs the phases with the workers, or returns false at once if another run is under way.
    func tryRun(_ phases: UnsafeBufferPointer<Phase>) -> Bool {
        guard tryBegin() else { return false }
        defer { isBusy.pointee.store(false, ordering: .releasing) }
        runAll(phases)
        return true
    }

    /// Runs the work with the workers, or returns false at once if another run is under way.
    func tryRun<Work: PartWork>(_ work: Work, partCount: Int) -> Bool {
        guard tryBegin() else { return false }
        defer { isBusy.pointee.store(false, ordering: .releasing) }
        withUnsafePointer(to: work) { pointer in
            self.work.pointee = WorkReference(type: Work.self, pointer: pointer)
            let phase = Phase(partCount: partCount, workBody)
            withUnsafePointer(to: phase) { runAll(UnsafeBufferPointer(start: $0, count: 1)) }
        }
        return true
    }

    private func tryBegin() -> Bool {
        isBusy.pointee.compareExchange(
            expected: false, desired: true, ordering: .acquiring
        ).exchanged
    }

    private func runAll(_ phases: UnsafeBufferPointer<Phase>) {
        let last = Self.sequence(ticket.pointee.load(ordering: .relaxed))
        let base = last &+ 1
        run.pointee = Run(phases: phases, base: base)
        let end = base &+ UInt32(truncatingIfNeeded: phases.count)
        publish(after: -1)
        while true {
            let seen = takeParts(worker: 0)
            if Self.sequence(seen) == end { return }
            waitForChange(of: seen, isCaller: true)
        }
    }

    /// Wakes all workers for good.
    func stop() {
        isStopped.pointee.store(true, ordering: .sequentiallyConsistent)
        let last = Self.sequence(ticket.pointee.load(ordering: .relaxed))
        ticket.pointee.store(
            Self.ticket(sequence: last &+ 1, parts: 0), ordering: .sequentiallyConsistent)
        martlet_futex_wake(sleepAddress, .max)
    }

    // MARK: The workers

    /// A worker's life.
    func serve(worker: Int) {
        while true {
            let seen = takeParts(worker: worker)
            // After the ticket was read: whoever saw the last ticket sees this too.
            if isStopped.pointee.load(ordering: .acquiring) { return }
            waitForChange(of: seen, isCaller: false)
        }
    }

    // MARK: Taking parts

    /// Runs parts until none is to be had; returns the ticket that said so.
    private func takeParts(worker: Int) -> UInt64 {
        var seen = ticket.pointee.load(ordering: .acquiring)
        while Self.parts(seen) > 0 {
            let claim = ticket.pointee.weakCompareExchange(
                expected: seen, desired: seen &- 1, successOrdering: .acquiringAndReleasing,
                failureOrdering: .acquiring)
            guard claim.exchanged else {
                seen = claim.original
                continue
            }
            let (phases, base) = (run.pointee.phases, run.pointee.base)
            let index = Int(Self.sequence(seen) &- base)
            let partCount = phases[index].partCount
            let done = runParts(of: phases, index: index, firstClaim: seen, worker: worker)
            let total = completedParts.pointee.add(
                done, ordering: .acquiringAndReleasing
            ).newValue
            if total == partCount { publish(after: index) }
            seen = ticket.pointee.load(ordering: .acquiring)
        }
        return seen
    }

    /// Runs the part claimed with `firstClaim` and as many more of its phase as can be had.
    ///
    /// A function of its own, so that the reference to the body is gone when it returns: the
    /// phase's memory may go as soon as its last part is counted.
    @inline(never)
    private func runParts(
        of phases: UnsafeBufferPointer<Phase>, index: Int, firstClaim: UInt64, worker: Int
    ) -> Int {
        let phase = phases[index]
        var claim = firstClaim
        var done = 0
        while true {
            phase.body(phase.partCount - Self.parts(claim), worker)
            done += 1
            var seen = claim &- 1
            while true {
                seen = Self.sequence(seen) == Self.sequence(claim) ? seen : 0
                if Self.parts(seen) == 0 { return done }
                let next = ticket.pointee.weakCompareExchange(
                    expected: seen, desired: seen &- 1, successOrdering: .acquiringAndReleasing,
                    failureOrdering: .acquiring)
                if next.exchanged { break }
                seen = next.original
            }
            claim = seen
        }
    }

    /// Opens the first phase with parts after `index`, or the end of the run.
    private func publish(after index: Int) {
        let (phases, base) = (run.pointee.phases, run.pointee.base)
        var next = index + 1
        while next < phases.count && phases[next].partCount <= 0 { next += 1 }
        let parts = next < phases.count ? phases[next].partCount : 0
        completedParts.pointee.store(0, ordering: .relaxed)
        ticket.pointee.store(
            Self.ticket(sequence: base &+ UInt32(truncatingIfNeeded: next), parts: parts),
            ordering: .sequentiallyConsistent)
        if parts > 1 {
            // This thread will take one of the parts itself.
            if sleepers.pointee.load(ordering: .sequentiallyConsistent) > 0 {
                martlet_futex_wake(sleepAddress, Int32(clamping: parts - 1))
            }
        } else if parts == 0 && callerSleeps.pointee.load(ordering: .sequentiallyConsistent) {
            martlet_futex_wake(sleepAddress, .max)
        }
    }

    // MARK: Waiting

    /// Spins, then sleeps, until the ticket names another phase than `seen`.
    private func waitForChange(of seen: UInt64, isCaller: Bool) {
        let old = Self.sequence(seen)
        for _ in 0..<spinLimit {
            if Self.sequence(ticket.pointee.load(ordering: .acquiring)) != old { return }
            martlet_spin_pause()
        }
        if isCaller { callerSleeps.pointee.store(true, ordering: .sequentiallyConsistent) }
        sleepers.pointee.add(1, ordering: .sequentiallyConsistent)
        // Either this load sees the new ticket, or the publisher sees this sleeper; and the
        // kernel looks at the word once more before the thread sleeps.
        if Self.sequence(ticket.pointee.load(ordering: .sequentiallyConsistent)) == old {
            martlet_futex_wait(sleepAddress, old)
        }
        sleepers.pointee.subtract(1, ordering: .sequentiallyConsistent)
        if isCaller { callerSleeps.pointee.store(false, ordering: .sequentiallyConsistent) }
    }

    /// The half of the ticket that holds the sequence number.
    private var sleepAddress: UnsafeRawPointer {
        let upperHalf = UInt64(1).littleEndian == 1 ? 4 : 0
        return UnsafeRawPointer(ticket) + upperHalf
    }

    private static func ticket(sequence: UInt32, parts: Int) -> UInt64 {
        UInt64(sequence) << 32 | UInt64(UInt32(parts))
    }

    private static func sequence(_ ticket: UInt64) -> UInt32 {
        UInt32(truncatingIfNeeded: ticket >> 32)
    }

    private static func parts(_ ticket: UInt64) -> Int {
        Int(truncatingIfNeeded: UInt32(truncatingIfNeeded: ticket))
    }
}
