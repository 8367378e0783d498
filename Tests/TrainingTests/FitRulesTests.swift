import MartletLayers
import MartletTraining
import Synchronization
import TestSupport
import Testing

/// `fit` against Keras's own histories: batches, means, weights, validation, early stopping.
struct FitRulesTests {
    static let goldens: [FitGolden] = (try? GoldenFile<FitGolden>.load("fit_rules").cases) ?? []

    @Test func goldensAreThere() { #expect(Self.goldens.count >= 30) }

    @Test(arguments: goldens.map(\.name))
    func fitAgreesWithKeras(_ name: String) async throws {
        let golden = try #require(Self.goldens.first { $0.name == name })
        let model = try Sequential {
            Input(shape: [3])
            Dense(3, activation: .softmax, name: "dense")
        }
        try model.compile(
            optimizer: .sgd(learningRate: 0.3), loss: .sparseCategoricalCrossentropy(),
            metrics: [.accuracy], weightedMetrics: golden.weightedMetrics ? [.accuracy] : [],
            options: TrainingOptions(threadCount: 1, verifiesPasses: true))
        try model.setWeights([
            "dense/kernel": golden.initialWeights[0].floats,
            "dense/bias": golden.initialWeights[1].floats,
        ])
        let recorder = BatchRecorder()
        let history = try await fit(model, golden, recorder)
        #expect(history.epochs == golden.epochs)
        #expect(history.keys == golden.historyKeys.sorted())
        for key in golden.historyKeys {
            expectClose(history[key].map { Float($0) }, golden.history[key] ?? [], key)
        }
        let batches = recorder.batches.withLock { $0 }
        // Keras calls the hooks once for several steps there; Martlet has no such option.
        let checksBatches = golden.compile["steps_per_execution"] == nil
        #expect(!checksBatches || batches.count == golden.batches.count)
        for (index, expected) in golden.batches.enumerated()
        where checksBatches && index < batches.count {
            for (key, value) in expected where key != "batch" {
                let received = try #require(batches[index].logs[key])
                #expect(abs(received - Double(value)) <= 1e-5 * max(1, Double(abs(value))))
            }
            #expect(batches[index].batch == expected["batch"].map { Int($0) })
        }
        let weights = try model.weights()
        expectClose(weights["dense/kernel"] ?? [], golden.finalWeights[0].floats, "kernel")
        expectClose(weights["dense/bias"] ?? [], golden.finalWeights[1].floats, "bias")
        #expect(history.warnings.contains { $0.contains("data ended") } == golden.ranOutOfData)
        if golden.earlyStopping != nil {
            let stopping = try #require(history.callback(EarlyStopping.self))
            #expect((stopping.stoppedEpoch ?? 0) == golden.stoppedEpoch)
            #expect(stopping.bestEpoch == golden.bestEpoch)
        }
    }

    private func expectClose(_ actual: [Float], _ expected: [Float], _ what: String) {
        let problem = mismatch(
            actual.map(Double.init), expected.map(Double.init),
            tolerance: Tolerance(relative: 2e-5, absolute: 2e-6))
        #expect(problem == nil, "\(what): \(problem ?? "")")
    }

    private func fit(
        _ model: Model, _ golden: FitGolden, _ recorder: BatchRecorder
    ) async throws -> History {
        var callbacks: [any Callback] = []
        if let rates = golden.learningRates {
            callbacks.append(
                LearningRateScheduler { epoch, _ in rates[min(epoch, rates.count - 1)] })
        }
        if let stopping = golden.earlyStopping { callbacks.append(try earlyStopping(stopping)) }
        callbacks.append(recorder)
        let fit = golden.fit
        var validation: Examples?
        if let x = golden.validationX, let y = golden.validationY {
            validation = Examples(
                x: try DataArray(x.floats, shape: x.shape), y: DataArray(y.int32s),
                sampleWeight: golden.validationSampleWeight?.floats)
        }
        var frequency: ValidationFrequency = 1
        if let every = fit["validation_freq"]?.int { frequency = .every(every) }
        if let epochs = fit["validation_freq"]?.array {
            frequency = .epochs(epochs.compactMap(\.int))
        }
        var classWeight: [Int: Float]?
        if let given = golden.classWeight {
            classWeight = Dictionary(
                uniqueKeysWithValues: given.map { (Int($0.key) ?? -1, Float($0.value)) })
        }
        return try await model.fit(
            x: DataArray(golden.x.floats, shape: golden.x.shape), y: DataArray(golden.y.int32s),
            sampleWeight: golden.sampleWeight?.floats, batchSize: fit["batch_size"]?.int ?? 32,
            epochs: fit["epochs"]?.int ?? 1, validation: validation,
            validationSplit: fit["validation_split"]?.double ?? 0, shuffle: false,
            classWeight: classWeight, initialEpoch: fit["initial_epoch"]?.int ?? 0,
            stepsPerEpoch: fit["steps_per_epoch"]?.int,
            validationSteps: fit["validation_steps"]?.int,
            validationBatchSize: fit["validation_batch_size"]?.int,
            validationFrequency: frequency, callbacks: callbacks, verbosity: .silent)
    }

    private func earlyStopping(_ json: JSONValue) throws -> EarlyStopping {
        let mode = json["mode"]?.string.flatMap(MonitorMode.init) ?? .auto
        return EarlyStopping(
            monitor: json["monitor"]?.string ?? "val_loss",
            minimumDelta: json["min_delta"]?.double ?? 0, patience: json["patience"]?.int ?? 0,
            mode: mode, baseline: json["baseline"]?.double,
            restoresBestWeights: json["restore_best_weights"]?.bool ?? false,
            startEpoch: json["start_from_epoch"]?.int ?? 0)
    }
}

/// Keeps the logs of every batch.
final class BatchRecorder: Callback {
    let batches = Mutex<[(batch: Int, logs: Logs)]>([])

    func batchEnd(_ run: TrainingRun, batch: Int, logs: Logs) async throws {
        batches.withLock { $0.append((batch, logs)) }
    }
}
