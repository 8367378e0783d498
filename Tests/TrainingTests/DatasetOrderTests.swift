import MartletTraining
import Synchronization
import Testing

@Suite struct DatasetOrderTests {
    /// Frozen: an order that changes would change every run that is trained again. The values
    /// are those of a separate implementation of SplitMix64 and of the buffer.
    @Test func ordersAreFrozen() async throws {
        let dataset = try Dataset(0..<10).shuffled(bufferSize: 10, seed: 1)
        #expect(try await dataset.collect() == [4, 3, 9, 5, 1, 0, 8, 6, 2, 7])
        #expect(try await dataset.collect() == [6, 8, 3, 5, 2, 4, 7, 0, 9, 1])
        let small = try Dataset(0..<10).shuffled(bufferSize: 3, seed: 7)
        #expect(try await small.collect() == [2, 3, 4, 0, 6, 5, 7, 9, 1, 8])
        let other = try Dataset(0..<10).shuffled(bufferSize: 100, seed: 2)
        #expect(try await other.collect() == [6, 0, 8, 3, 1, 9, 7, 2, 5, 4])
    }

    @Test func passesAreNumberedFromTheirBeginning() async throws {
        let dataset = try Dataset(0..<50).shuffled(bufferSize: 50, seed: 3).batched(7)
        let again = try Dataset(0..<50).shuffled(bufferSize: 50, seed: 3).batched(7)
        let first = try await dataset.collect()
        let second = try await dataset.collect()
        #expect(first != second)
        #expect(try await again.collect() == first)
        #expect(try await again.epoch(1).collect() == second)
        #expect(try await again.epoch(1).collect() == second)
        #expect(try await again.collect() == second)
        #expect(second.joined().sorted() == Array(0..<50))
    }

    @Test func canKeepOneOrder() async throws {
        let dataset = try Dataset(0..<50)
            .shuffled(bufferSize: 20, seed: 3, reshuffleEachIteration: false)
        let first = try await dataset.collect()
        #expect(try await dataset.collect() == first)
        #expect(first != Array(0..<50))
    }

    @Test func smallBufferMovesElementsForwardByItsSizeAtMost() async throws {
        let order = try await Dataset(0..<1000).shuffled(bufferSize: 16, seed: 5).collect()
        #expect(order.sorted() == Array(0..<1000))
        for (position, value) in order.enumerated() {
            #expect(value < position + 16)
        }
    }

    /// 5 elements in 120 orders, 12,000 times: χ² with 119 degrees of freedom stays below the
    /// 99.99 % point.
    @Test func ordersAreUniform() async throws {
        let dataset = try Dataset(0..<5).shuffled(bufferSize: 5, seed: 11)
        var counts: [[Int]: Int] = [:]
        for epoch in 0..<12_000 {
            counts[try await dataset.epoch(epoch).collect(), default: 0] += 1
        }
        #expect(counts.count == 120)
        let chiSquare = counts.values.reduce(0.0) { sum, count in
            let difference = Double(count) - 100
            return sum + difference * difference / 100
        }
        #expect(chiSquare < 183)
    }

    @Test func repetitionsArePasses() async throws {
        let shuffled = try Dataset(0..<20).shuffled(bufferSize: 20, seed: 9)
        let passes = [try await shuffled.collect(), try await shuffled.collect()]
        let fresh = try Dataset(0..<20).shuffled(bufferSize: 20, seed: 9)
        let repeated = try fresh.repeated(2)
        #expect(repeated.count == 40)
        #expect(try await repeated.collect() == passes[0] + passes[1])
        let next = try await repeated.collect()
        #expect(try await shuffled.collect() == Array(next.prefix(20)))
        #expect(try await fresh.repeated().take(40).collect() == passes[0] + passes[1])
        #expect(try await fresh.repeated(0).collect() == [])
        #expect(try await Dataset([Int]()).repeated().collect() == [])
        #expect(try fresh.repeated().count == nil)
        #expect(try Dataset(0..<3).repeated(.max).count == nil)
    }

    @Test func cacheRunsWhatIsBeforeItOnce() async throws {
        let calls = Mutex(0)
        let dataset = Dataset(0..<5).map { value in
            calls.withLock { $0 += 1 }
            return value
        }.cached()
        #expect(try await dataset.take(2).collect() == [0, 1])
        #expect(calls.withLock { $0 } == 2)
        #expect(try await dataset.collect() == [0, 1, 2, 3, 4])
        #expect(calls.withLock { $0 } == 7)
        #expect(try await dataset.collect() == [0, 1, 2, 3, 4])
        #expect(try await dataset.take(2).collect() == [0, 1])
        #expect(calls.withLock { $0 } == 7)
    }

    @Test func shuffleAfterCacheStillReshuffles() async throws {
        let dataset = try Dataset(0..<30).cached().shuffled(bufferSize: 30, seed: 1)
        let first = try await dataset.collect()
        let second = try await dataset.collect()
        #expect(first != second)
        #expect(second.sorted() == Array(0..<30))
    }
}
