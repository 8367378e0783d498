import CMartlet
import Glibc
import MartletRuntime
import Synchronization
import Testing

@Suite struct ThreadPoolTests {
    @Test(arguments: [1, 2, 3, 8])
    func everyPartRunsOnce(threadCount: Int) throws {
        let pool = try ThreadPool(threadCount: threadCount)
        for partCount in [0, 1, 2, 7, 100, 1000] {
            let counts = Counts(partCount)
            pool.run(partCount: partCount) { part in counts.add(part) }
            #expect(counts.values == Array(repeating: 1, count: partCount))
            pool.run(partCount: partCount, context: counts) { counts, part, _ in
                counts.add(part)
            }
            #expect(counts.values == Array(repeating: 2, count: partCount))
        }
    }

    @Test(arguments: [1, 2, 4])
    func workersHaveNumbersOfTheirOwn(threadCount: Int) throws {
        let pool = try ThreadPool(threadCount: threadCount)
        let running = Counts(threadCount)
        let clashes = Counts(1)
        pool.run(partCount: 500) { _, worker in
            if running.add(worker) != 1 { clashes.add(0) }
            running.subtract(worker)
        }
        #expect(clashes.values == [0])
    }

    @Test(arguments: [1, 2, 4])
    func phasesRunInOrder(threadCount: Int) throws {
        let pool = try ThreadPool(threadCount: threadCount)
        let partCounts = [3, 0, 1, 64, 0, 0, 5, 1, 1, 200, 0]
        let counts = Counts(partCounts.count)
        let early = Counts(1)
        let phases = partCounts.indices.map { index in
            Phase(partCount: partCounts[index]) { _, _ in
                let before = counts.values[..<index]
                if Array(before) != Array(partCounts[..<index]) { early.add(0) }
                counts.add(index)
            }
        }
        for _ in 0..<50 {
            counts.reset()
            pool.run(phases)
            #expect(counts.values == partCounts)
        }
        #expect(early.values == [0])
        pool.run([])
        pool.run([Phase(partCount: 0) { _, _ in early.add(0) }])
        pool.run([Phase(partCount: -1) { _, _ in early.add(0) }])
        #expect(early.values == [0])
    }

    /// Workers that sleep between runs and within them, and more threads than CPUs.
    @Test(arguments: [0, 1, 10_000])
    func manyShortRuns(spinLimit: Int) throws {
        let pool = try ThreadPool(threadCount: 4, spinLimit: spinLimit)
        let counts = Counts(5)
        let phases = (0..<5).map { index in
            Phase(partCount: 1 + index % 3 * 4) { _, _ in counts.add(index) }
        }
        let runCount = 2000
        for run in 0..<runCount {
            pool.run(phases)
            if run % 500 == 0 { usleep(1000) }
        }
        #expect(counts.values == phases.map { $0.partCount * runCount })
    }

    @Test func bothThreadsTakePart() throws {
        let pool = try ThreadPool(threadCount: 2)
        let arrived = Counts(1)
        // Each part waits for the other, so one thread alone would never come back.
        pool.run(partCount: 2) { _ in
            arrived.add(0)
            while arrived.values[0] < 2 { sched_yield() }
        }
        #expect(arrived.values == [2])
    }

    @Test func severalCallersAndNestedRuns() async throws {
        let pool = try ThreadPool(threadCount: 2)
        let counts = Counts(4)
        await withTaskGroup(of: Void.self) { group in
            for caller in 0..<4 {
                group.addTask {
                    for _ in 0..<200 {
                        pool.run(partCount: 3) { _ in
                            pool.run(partCount: 2) { _ in counts.add(caller) }
                        }
                    }
                }
            }
        }
        #expect(counts.values == [1200, 1200, 1200, 1200])
    }

    @Test func poolsComeAndGo() throws {
        let counts = Counts(1)
        for index in 0..<100 {
            let pool = try ThreadPool(threadCount: 4)
            if index.isMultiple(of: 2) { pool.run(partCount: 4) { _ in counts.add(0) } }
        }
        #expect(counts.values == [200])
    }

    @Test(arguments: [1, 2])
    func floatingPointModeIsTheSameEverywhere(threadCount: Int) throws {
        let pool = try ThreadPool(threadCount: threadCount)
        let before = martlet_float_control()
        defer { martlet_set_float_control(before) }
        let kept = Counts(1)
        let arrived = Counts(1)
        let tiny = Float.leastNormalMagnitude
        pool.run(partCount: threadCount) { _ in
            arrived.add(0)
            while arrived.values[0] < threadCount { sched_yield() }
            if opaque(tiny) * opaque(0.5) != 0 { kept.add(0) }
        }
        #expect(kept.values == [0], "a denormal result was kept")
        #expect(martlet_float_control() == before, "the caller's mode is restored")
        #expect(opaque(tiny) * opaque(0.5) != 0)
    }

    @Test func refusesImpossibleCounts() {
        #expect(throws: ThreadPoolError.threadCountOutOfRange(0)) {
            try ThreadPool(threadCount: 0)
        }
        #expect(throws: ThreadPoolError.threadCountOutOfRange(1025)) {
            try ThreadPool(threadCount: 1025)
        }
        #expect(
            ThreadPoolError.threadCountOutOfRange(0).description
                == "thread pool: 0 threads asked for, allowed are 1...1024; "
                + "leave the count out for one thread a CPU")
        #expect(
            ThreadPoolError.cannotStart(thread: 3, threadCount: 8, code: EAGAIN).description
                == "thread pool: the system refused thread 3 of 8 (Resource temporarily "
                + "unavailable); use fewer threads or raise the limit (ulimit -u, or the "
                + "container's pids limit)")
    }

    @Test func defaultCountIsPositive() throws {
        #expect(ThreadPool.defaultThreadCount >= 1)
        #expect(try ThreadPool().threadCount == ThreadPool.defaultThreadCount)
    }
}

@inline(never) private func opaque(_ value: Float) -> Float { value }

/// Numbers that many threads may count up. Atomics, not a lock: the thread sanitizer does not see
/// the locks of the standard library. Unchecked, because a pointer is not Sendable.
private final class Counts: @unchecked Sendable {
    private let storage: UnsafeMutablePointer<Atomic<Int>>
    private let count: Int

    init(_ count: Int) {
        self.count = count
        storage = .allocate(capacity: count)
        for index in 0..<count { (storage + index).initialize(to: Atomic(0)) }
    }

    deinit {
        storage.deallocate()
    }

    var values: [Int] {
        (0..<count).map { storage[$0].load(ordering: .sequentiallyConsistent) }
    }

    @discardableResult
    func add(_ index: Int) -> Int {
        storage[index].add(1, ordering: .sequentiallyConsistent).newValue
    }

    func subtract(_ index: Int) {
        storage[index].subtract(1, ordering: .sequentiallyConsistent)
    }

    func reset() {
        for index in 0..<count { storage[index].store(0, ordering: .sequentiallyConsistent) }
    }
}
