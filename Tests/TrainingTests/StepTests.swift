import AllocationCounter
import MartletLayers
import MartletRuntime
import MartletTraining
import Testing

/// What holds of every step: bits, allocations, the state after a failure.
struct StepTests {
    static let sizes = Lesson.Sizes(dropout: 0.1)

    /// Token ids and labels with a pattern that can be learned.
    static func examples(_ count: Int, length: Int = 12) throws -> Examples {
        let ids = (0..<count * length).map { Int32(($0 * 7 + $0 / length * 13) % 50) }
        return Examples(
            x: try DataArray(ids, shape: [count, length]),
            y: DataArray((0..<count).map { Int32($0 % 4) }))
    }

    static func model(
        threadCount: Int = 1, seed: UInt64 = 0, backend: TrainingOptions.Backend = .interpreted
    ) throws -> Sequential {
        let model = try Lesson.classifier(sizes)
        try model.compile(
            optimizer: .adam(learningRate: 0.01), loss: .sparseCategoricalCrossentropy(),
            metrics: [.accuracy],
            options: TrainingOptions(threadCount: threadCount, seed: seed, backend: backend))
        return model
    }

    private func trained(threadCount: Int, seed: UInt64) async throws -> [String: [Float]] {
        let model = try Self.model(threadCount: threadCount, seed: seed)
        try await model.fit(Self.examples(21), batchSize: 8, epochs: 2, verbosity: .silent)
        return try model.weights()
    }

    @Test func weightsAreTheSameBitsForEveryThreadCount() async throws {
        let one = try await trained(threadCount: 1, seed: 3)
        for threadCount in [2, 4] {
            #expect(try await trained(threadCount: threadCount, seed: 3) == one)
        }
        #expect(try await trained(threadCount: 1, seed: 4) != one)
    }

    @Test func compiledCodeLearnsWhatTheInterpreterLearns() async throws {
        var histories: [History] = []
        for backend in TrainingOptions.Backend.allCases where backend != .jit || hasCompiler {
            let model = try Self.model(backend: backend)
            histories.append(
                try await model.fit(Self.examples(24), batchSize: 8, epochs: 3, verbosity: .silent))
        }
        for history in histories.dropFirst() {
            for (actual, expected) in zip(history["loss"], histories[0]["loss"]) {
                #expect(abs(actual - expected) <= 1e-4 * expected)
            }
        }
        #expect(histories[0]["loss"].count == 3)
    }

    private var hasCompiler: Bool { TrainingOptions.Backend.default == .jit }

    @Test(.enabled(if: allocation_counter_is_available(), "a sanitizer counts its own way"))
    func stepsAllocateNothing() async {
        await #expect(processExitsWith: .success) {
            let model = try StepTests.model()
            let examples = try StepTests.examples(44)
            func allocations(epochs: Int, steps: Int) async throws -> UInt64 {
                allocation_counter_start()
                try await model.fit(
                    examples, batchSize: 4, epochs: epochs, shuffle: false, stepsPerEpoch: steps,
                    verbosity: .silent)
                return allocation_counter_stop()
            }
            _ = try await allocations(epochs: 1, steps: 11)
            // The counter is the process's: another of its threads may allocate now and then.
            var fewest = UInt64.max
            for _ in 0..<5 where fewest > 0 {
                let few = try await allocations(epochs: 1, steps: 2)
                let many = try await allocations(epochs: 1, steps: 11)
                fewest = min(fewest, many - min(few, many))
            }
            #expect(fewest == 0, "\(fewest) allocations in 9 more steps")
        }
    }

    @Test func lossThatIsNotFiniteChangesNothing() async throws {
        let model = try Self.model()
        try await model.fit(Self.examples(8), batchSize: 8, verbosity: .silent)
        var weights = try model.weights()
        weights["dense_1/bias"] = [.nan, 0, 0, 0]
        try model.setWeights(weights)
        let error = await #expect(throws: NonFiniteLossError.self) {
            try await model.fit(
                Self.examples(8), batchSize: 4, epochs: 3, initialEpoch: 1, verbosity: .silent)
        }
        #expect(error?.epoch == 1)
        #expect(error?.batch == 0)
        #expect(error?.step == 1)
        #expect(
            error?.description == "the loss is nan in epoch 2, batch 1 (step 1); the weights are "
                + "as before this step. Lower the learning rate, clip the gradients, or look for "
                + "NaN, infinities and very large numbers among the inputs of that batch")
        for (name, values) in try model.weights() where name != "dense_1/bias" {
            #expect(values == weights[name], "\(name) was changed")
        }
        // The model is free again, and ends in good order where that is asked for.
        let history = try await model.fit(
            Self.examples(8), batchSize: 4, epochs: 3, callbacks: [TerminateOnNaN()],
            verbosity: .silent)
        #expect(history.epochs.isEmpty)
        #expect(history.callback(TerminateOnNaN.self)?.error?.batch == 0)
    }

    /// As in Keras: the batch is what there is, and no memory is asked for the rest.
    @Test func aBatchLargerThanTheDataIsAllOfIt() async throws {
        var weights: [[String: [Float]]] = []
        for batchSize in [8, 1_000_000_000] {
            let model = try Self.model()
            try await model.fit(
                Self.examples(8), batchSize: batchSize, epochs: 2,
                validation: Self.examples(3, length: 12), verbosity: .silent)
            _ = try await model.evaluate(Self.examples(8), batchSize: batchSize)
            weights.append(try model.weights())
        }
        #expect(weights[0] == weights[1])
    }

    @Test func cancellingStopsAfterAStep() async throws {
        let model = try Self.model()
        let examples = try Self.examples(8)
        let task = Task {
            try await model.fit(
                examples, batchSize: 4, epochs: 1_000_000,
                callbacks: [CancelAtBatch(batch: 1)], verbosity: .silent)
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        let values = try await model.predict(examples).first.floats
        #expect(!values.contains { !$0.isFinite })
        let before = try model.weights()
        try await model.fit(examples, batchSize: 4, verbosity: .silent)
        #expect(try model.weights() != before)
    }

    @Test func theMemoryLimitIsKept() async throws {
        let model = try Lesson.classifier(Self.sizes)
        let limit = MemoryLimit(byteCount: 200_000, source: "this test")
        try model.compile(
            optimizer: .adam(), loss: .sparseCategoricalCrossentropy(),
            options: TrainingOptions(threadCount: 1, memoryLimit: limit))
        let examples = try Self.examples(256)
        let error = await #expect(throws: (any Error).self) {
            try await model.fit(examples, batchSize: 256, verbosity: .silent)
        }
        let text = "\(try #require(error))"
        let found = try #require(text.firstMatch(of: /use a batch size of at most (\d+)/))
        let batchSize = try #require(Int(found.1))
        #expect(text.contains("this test leaves 200.0 kB"))
        #expect(batchSize > 1 && batchSize < 256)
        try await model.fit(examples, batchSize: batchSize, stepsPerEpoch: 1, verbosity: .silent)
    }
}

/// Cancels the task it runs in.
struct CancelAtBatch: Callback {
    let batch: Int

    mutating func batchEnd(_ run: TrainingRun, batch: Int, logs: Logs) async throws {
        if batch == self.batch { withUnsafeCurrentTask { $0?.cancel() } }
    }
}
