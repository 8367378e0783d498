import MartletTraining
import Testing

@Suite struct DatasetTests {
    private struct Broken: Error {}

    private func message(_ body: () throws -> Void) -> String? {
        #expect(throws: DatasetError.self, performing: body)?.description
    }

    @Test func readsAgainInEachPass() async throws {
        let dataset = Dataset([3, 1, 2]).map { $0 * 10 }.filter { $0 != 10 }
        #expect(try await dataset.collect() == [30, 20])
        #expect(try await dataset.collect() == [30, 20])
        #expect(dataset.count == nil)
        #expect(Dataset(0..<5).count == 5)
    }

    @Test func transformsAsynchronously() async throws {
        let dataset = Dataset(0..<3).map { value in
            await Task.yield()
            return "\(value)"
        }
        #expect(try await dataset.collect() == ["0", "1", "2"])
    }

    @Test(arguments: [(false, [[0, 1, 2], [3, 4, 5], [6]]), (true, [[0, 1, 2], [3, 4, 5]])])
    func batches(_ dropRemainder: Bool, _ expected: [[Int]]) async throws {
        let dataset = try Dataset(0..<7).batched(3, dropRemainder: dropRemainder)
        #expect(try await dataset.collect() == expected)
        #expect(dataset.count == expected.count)
        let whole = try Dataset(0..<6).batched(3, dropRemainder: dropRemainder)
        #expect(try await whole.collect() == [[0, 1, 2], [3, 4, 5]])
        #expect(whole.count == 2)
        #expect(try await Dataset([Int]()).batched(3).collect() == [])
    }

    @Test func takesAndSkips() async throws {
        let dataset = Dataset(0..<5)
        #expect(try await dataset.take(2).collect() == [0, 1])
        #expect(try await dataset.take(9).collect() == [0, 1, 2, 3, 4])
        #expect(try await dataset.skip(3).collect() == [3, 4])
        #expect(try await dataset.skip(9).collect() == [])
        #expect(try await dataset.take(0).collect() == [])
        #expect(try dataset.take(2).count == 2)
        #expect(try dataset.skip(9).count == 0)
    }

    @Test func takeReadsNoMoreThanItGives() async throws {
        let dataset = try Dataset(0..<5).map { value in
            if value == 2 { throw Broken() }
            return value
        }.take(2)
        #expect(try await dataset.collect() == [0, 1])
    }

    @Test func zipsAndEnumerates() async throws {
        let zipped = Dataset(0..<5).zipped(with: Dataset(["a", "b"]))
        let pairs = try await zipped.collect()
        #expect(pairs.map(\.0) == [0, 1])
        #expect(pairs.map(\.1) == ["a", "b"])
        #expect(zipped.count == 2)
        let numbered = try await Dataset(["x", "y"]).enumerated().collect()
        #expect(numbered.map(\.index) == [0, 1])
        #expect(numbered.map(\.element) == ["x", "y"])
    }

    @Test func readsAsyncSequences() async throws {
        let (stream, continuation) = AsyncStream.makeStream(of: Int.self)
        for value in 0..<4 { continuation.yield(value) }
        continuation.finish()
        #expect(try await Dataset(stream).collect() == [0, 1, 2, 3])

        let made = Dataset {
            AsyncStream { continuation in
                for value in 0..<4 { continuation.yield(value) }
                continuation.finish()
            }
        }
        #expect(try await made.skip(1).collect() == [1, 2, 3])
        #expect(try await made.skip(1).collect() == [1, 2, 3])
    }

    @Test func failureOfTheSourceIsThrown() async throws {
        let dataset = Dataset { () throws -> AsyncStream<Int> in throw Broken() }
        await #expect(throws: Broken.self) { try await dataset.collect() }
    }

    @Test func errorsComeAfterTheElementsBeforeThemAndEndThePass() async throws {
        let dataset = Dataset(0..<6).map { value in
            if value == 3 { throw Broken() }
            return value
        }
        var iterator = dataset.makeAsyncIterator()
        var seen: [Int] = []
        await #expect(throws: Broken.self) {
            while let value = try await iterator.next() { seen.append(value) }
        }
        #expect(seen == [0, 1, 2])
        #expect(try await iterator.next() == nil)
    }

    @Test func refusesSizes() {
        let dataset = Dataset(0..<3)
        #expect(
            message { _ = try dataset.batched(0) }
                == "dataset: the batch size is 0, expected 1 or more")
        #expect(
            message { _ = try dataset.shuffled(bufferSize: -1, seed: 0) }
                == "dataset: the shuffle buffer size is -1, expected 1 or more")
        #expect(
            message { _ = try dataset.prefetched(0) }
                == "dataset: the prefetch buffer size is 0, expected 1 or more")
        #expect(
            message { _ = try dataset.map(parallelism: 0) { $0 } }
                == "dataset: the parallelism is 0, expected 1 or more")
        #expect(
            message { _ = try dataset.take(-1) }
                == "dataset: the number of elements to take is -1, expected 0 or more")
        #expect(
            message { _ = try dataset.skip(-1) }
                == "dataset: the number of elements to skip is -1, expected 0 or more")
        #expect(
            message { _ = try dataset.repeated(-1) }
                == "dataset: the number of repetitions is -1, expected 0 or more")
    }

    @Test @MainActor func canBeReadOnAnActor() async throws {
        var seen: [Int] = []
        for try await value in try Dataset(0..<3).map({ $0 + 1 }).prefetched() {
            MainActor.assertIsolated()
            seen.append(value)
        }
        #expect(seen == [1, 2, 3])
    }
}
