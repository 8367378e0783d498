import MartletLayers
import MartletTraining
import Synchronization
import Testing

struct CallbackTests {
    private func fit(
        epochs: Int = 2, _ callbacks: [any Callback], optimizer: Optimizer = .sgd()
    ) async throws -> History {
        let model = try InputGateTests.model()
        try model.compile(
            optimizer: optimizer, loss: .sparseCategoricalCrossentropy(), metrics: [.accuracy],
            options: TrainingOptions(threadCount: 1))
        let examples = try InputGateTests.examples()
        return try await model.fit(
            examples, batchSize: 1, epochs: epochs, validation: examples, callbacks: callbacks,
            verbosity: .silent)
    }

    @Test func hooksAreCalledInKerasOrder() async throws {
        let events = Mutex<[String]>([])
        _ = try await fit([Recorder(events: { event in events.withLock { $0.append(event) } })])
        let epoch = [
            "batch 0 begin", "batch 0 end", "batch 1 begin", "batch 1 end", "test begin",
            "test batch 0", "test batch 1", "test end accuracy loss",
        ]
        let end = "accuracy loss val_accuracy val_loss"
        #expect(
            events.withLock { $0 }
                == ["train begin", "epoch 0 begin"] + epoch + ["epoch 0 end \(end)"]
                + ["epoch 1 begin"] + epoch + ["epoch 1 end \(end)", "train end \(end)"])
    }

    @Test func learningRatesAreSetAndLowered() async throws {
        let rates = Mutex<[Double]>([])
        let record = LambdaCallback(onEpochEnd: { run, _, _ in
            let rate = try run.learningRate
            rates.withLock { $0.append(rate) }
        })
        let scheduler = LearningRateScheduler { epoch, rate in epoch == 0 ? 0.5 : rate / 2 }
        _ = try await fit(epochs: 3, [scheduler, record])
        #expect(rates.withLock { $0 } == [0.5, 0.25, 0.125])
        rates.withLock { $0 = [] }
        let plateau = try ReduceLROnPlateau(
            monitor: "loss", factor: 0.5, patience: 2, minimumDelta: 100, minimumLearningRate: 0.1)
        _ = try await fit(epochs: 7, [plateau, record], optimizer: .sgd(learningRate: 0.5))
        #expect(
            rates.withLock { $0.map { Float($0) } } == [0.5, 0.5, 0.25, 0.25, 0.125, 0.125, 0.1])
    }

    @Test func ratesOfSchedulesCannotBeSet() async throws {
        let scheduler = LearningRateScheduler { _, rate in rate }
        let rate = LearningRate.polynomialDecay(initialLearningRate: 1, decayStepCount: 10)
        let error = await #expect(throws: TrainingError.self) {
            _ = try await fit([scheduler], optimizer: .sgd(learningRate: rate))
        }
        #expect(
            error?.description == "learning rate: it follows a schedule, which cannot be set; "
                + "compile with a constant rate")
    }

    @Test func oneModelIsTrainedByOneFit() async throws {
        let model = try InputGateTests.model()
        let examples = try InputGateTests.examples()
        let inner = LambdaCallback(onEpochEnd: { run, _, _ in
            _ = try await run.model.fit(examples, verbosity: .silent)
        })
        let error = await #expect(throws: TrainingError.self) {
            try await model.fit(examples, callbacks: [inner], verbosity: .silent)
        }
        #expect(
            error?.description
                == "fit: the model is being trained already; wait until the other fit returns")
    }
}

private struct Recorder: Callback {
    let events: @Sendable (String) -> Void

    private func keys(_ logs: Logs) -> String { logs.keys.sorted().joined(separator: " ") }

    mutating func trainBegin(_ run: TrainingRun) async throws { events("train begin") }

    mutating func trainEnd(_ run: TrainingRun, logs: Logs) async throws {
        events("train end \(keys(logs))")
    }

    mutating func epochBegin(_ run: TrainingRun, epoch: Int) async throws {
        events("epoch \(epoch) begin")
    }

    mutating func epochEnd(_ run: TrainingRun, epoch: Int, logs: Logs) async throws {
        events("epoch \(epoch) end \(keys(logs))")
    }

    mutating func batchBegin(_ run: TrainingRun, batch: Int) async throws {
        events("batch \(batch) begin")
    }

    mutating func batchEnd(_ run: TrainingRun, batch: Int, logs: Logs) async throws {
        events("batch \(batch) end")
    }

    mutating func testBegin(_ run: TrainingRun) async throws { events("test begin") }

    mutating func testBatchEnd(_ run: TrainingRun, batch: Int, logs: Logs) async throws {
        events("test batch \(batch)")
    }

    mutating func testEnd(_ run: TrainingRun, logs: Logs) async throws {
        events("test end \(keys(logs))")
    }
}
