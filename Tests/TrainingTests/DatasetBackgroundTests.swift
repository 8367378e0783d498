import MartletTraining
import Synchronization
import Testing

/// Parallel maps and prefetching.
@Suite(.timeLimit(.minutes(1))) struct DatasetBackgroundTests {
    private struct Broken: Error {}

    /// Counts of what runs, from many tasks.
    private final class Gauge: Sendable {
        private let values = Mutex((running: 0, peak: 0, started: 0, cancelled: 0))

        func enter() {
            values.withLock {
                $0.running += 1
                $0.started += 1
                $0.peak = max($0.peak, $0.running)
            }
        }
        func leave() { values.withLock { $0.running -= 1 } }
        func cancel() { values.withLock { $0.cancelled += 1 } }
        var peak: Int { values.withLock { $0.peak } }
        var started: Int { values.withLock { $0.started } }
        var cancelled: Int { values.withLock { $0.cancelled } }
    }

    private func waitUntil(_ condition: () -> Bool) async throws {
        while !condition() { try await Task.sleep(for: .milliseconds(1)) }
    }

    @Test func parallelMapKeepsTheOrder() async throws {
        let gauge = Gauge()
        let dataset = try Dataset(0..<200).map(parallelism: 4) { value in
            gauge.enter()
            for _ in 0..<(value % 5) * 10 { await Task.yield() }
            gauge.leave()
            return value
        }
        #expect(try await dataset.collect() == Array(0..<200))
        #expect(dataset.count == 200)
        #expect(gauge.peak <= 4)
    }

    @Test func parallelMapRunsTogether() async throws {
        let gauge = Gauge()
        let dataset = try Dataset(0..<3).map(parallelism: 3) { value in
            gauge.enter()
            // Ends only if all three run at once.
            while gauge.started < 3 { await Task.yield() }
            return value
        }
        #expect(try await dataset.collect() == [0, 1, 2])
    }

    @Test func parallelMapThrowsWhereTheElementIsDue() async throws {
        let dataset = try Dataset(0..<10).map(parallelism: 4) { value in
            if value == 2 { throw Broken() }
            for _ in 0..<50 { await Task.yield() }
            return value
        }
        var seen: [Int] = []
        await #expect(throws: Broken.self) { for try await value in dataset { seen.append(value) } }
        #expect(seen == [0, 1])
    }

    @Test func parallelMapDeliversWhatCameBeforeTheSourceFailed() async throws {
        let source = Dataset(0..<10).map { value in
            if value == 3 { throw Broken() }
            return value
        }
        var seen: [Int] = []
        await #expect(throws: Broken.self) {
            for try await value in try source.map(parallelism: 8, { $0 }) { seen.append(value) }
        }
        #expect(seen == [0, 1, 2])
    }

    @Test func leavingAParallelMapCancelsWhatRuns() async throws {
        let gauge = Gauge()
        let dataset = try Dataset(0..<100).map(parallelism: 3) { value in
            gauge.enter()
            if value == 0 { return value }
            do {
                try await Task.sleep(for: .seconds(600))
            } catch {
                gauge.cancel()
                throw error
            }
            return value
        }
        for try await _ in dataset { break }
        try await waitUntil { gauge.cancelled == gauge.started - 1 }
        #expect(gauge.started <= 3)
    }

    @Test(arguments: [1, 2, 5]) func prefetchingChangesNothing(_ bufferSize: Int) async throws {
        let dataset = try Dataset(0..<300).prefetched(bufferSize)
        #expect(try await dataset.collect() == Array(0..<300))
        #expect(try await dataset.collect() == Array(0..<300))
        #expect(dataset.count == 300)
        #expect(try await Dataset([Int]()).prefetched(bufferSize).collect() == [])
    }

    @Test func prefetchingReadsAheadButNoFurtherThanItsBuffer() async throws {
        let gauge = Gauge()
        let dataset = try Dataset(0..<100).map { value in
            gauge.enter()
            return value
        }.prefetched(3)
        var iterator = dataset.makeAsyncIterator()
        #expect(gauge.started == 0)
        #expect(try await iterator.next() == 0)
        try await waitUntil { gauge.started == 4 }
        for _ in 0..<200 { await Task.yield() }
        #expect(gauge.started == 4)
        #expect(try await iterator.next() == 1)
        try await waitUntil { gauge.started == 5 }
    }

    @Test func prefetchingPassesErrorsOnInOrder() async throws {
        let dataset = try Dataset(0..<10).map { value in
            if value == 4 { throw Broken() }
            return value
        }.prefetched(8)
        var seen: [Int] = []
        await #expect(throws: Broken.self) { for try await value in dataset { seen.append(value) } }
        #expect(seen == [0, 1, 2, 3])
    }

    @Test func droppingThePassStopsPrefetching() async throws {
        let gauge = Gauge()
        let dataset = try Dataset(0..<10).map { value in
            gauge.enter()
            if value == 2 {
                do {
                    try await Task.sleep(for: .seconds(600))
                } catch {
                    gauge.cancel()
                    throw error
                }
            }
            return value
        }.prefetched(4)
        for try await _ in dataset {
            try await waitUntil { gauge.started == 3 }
            break
        }
        try await waitUntil { gauge.cancelled == 1 }
    }

    @Test func cancellingTheReaderStopsBoth() async throws {
        let gauge = Gauge()
        let dataset = try Dataset(0..<10).map { value in
            gauge.enter()
            do {
                try await Task.sleep(for: .seconds(600))
            } catch {
                gauge.cancel()
                throw error
            }
            return value
        }.prefetched(4)
        let reader = Task { try await dataset.collect() }
        try await waitUntil { gauge.started == 1 }
        reader.cancel()
        await #expect(throws: CancellationError.self) { try await reader.value }
        try await waitUntil { gauge.cancelled == 1 }
        #expect(gauge.started == 1)
    }

    @Test func stagesCombine() async throws {
        let dataset = try Dataset(0..<1000)
            .shuffled(bufferSize: 100, seed: 4)
            .map(parallelism: 3) { $0 * 2 }
            .prefetched(5)
            .batched(64)
            .prefetched()
        let plain = try Dataset(0..<1000).shuffled(bufferSize: 100, seed: 4).map { $0 * 2 }
            .batched(64)
        #expect(try await dataset.collect() == plain.collect())
        #expect(try await dataset.epoch(5).collect() == plain.epoch(5).collect())
    }
}
