import MartletLayers
import MartletRuntime

extension Model {
    /// The loss and the metrics on examples in memory: `["accuracy": 0.84, "loss": 0.61]`.
    ///
    /// - Parameter steps: batches to look at; nil for all.
    /// - Throws: `TrainingError` where data or arguments do not fit, before anything runs.
    public func evaluate(
        _ examples: Examples, batchSize: Int = 32, steps: Int? = nil,
        callbacks: [any Callback] = []
    ) async throws -> Logs {
        var arguments = FitArguments(batchSize: batchSize, stepsPerEpoch: steps)
        try arguments.validate()
        arguments.limitBatches(to: examples)
        let batchSize = arguments.batchSize
        return try await evaluate(batchSize: batchSize, steps, callbacks) { gate in
            try BatchFeed.source(examples, gate: gate, batchSize: batchSize, shuffleSeed: nil)
        }
    }

    /// The loss and the metrics on arrays.
    public func evaluate(
        x: DataArray, y: DataArray, sampleWeight: [Float]? = nil, batchSize: Int = 32,
        steps: Int? = nil, callbacks: [any Callback] = []
    ) async throws -> Logs {
        try await evaluate(
            Examples(x: x, y: y, sampleWeight: sampleWeight), batchSize: batchSize, steps: steps,
            callbacks: callbacks)
    }

    /// The loss and the metrics on a dataset of batches.
    public func evaluate(
        _ batches: Dataset<Examples>, steps: Int? = nil, callbacks: [any Callback] = []
    ) async throws -> Logs {
        try FitArguments(stepsPerEpoch: steps).validate()
        return try await evaluate(batchSize: 1, steps, callbacks) { gate in
            try BatchFeed.source(batches, gate: gate)
        }
    }

    /// The loss and the metrics on a dataset of batches of examples.
    public func evaluate<Example: TrainingExample>(
        _ batches: Dataset<[Example]>, steps: Int? = nil, callbacks: [any Callback] = []
    ) async throws -> Logs {
        try await evaluate(
            batches.map { try Example.examples($0) }, steps: steps, callbacks: callbacks)
    }

    private func evaluate(
        batchSize: Int, _ steps: Int?, _ callbacks: [any Callback],
        _ source: (InputGate) throws -> BatchFeed.Source
    ) async throws -> Logs {
        let runtime = ModelRuntime.of(self)
        let signature = try runtime.signature(self, .evaluation)
        let source = try source(InputGate(signature: signature, needsLabels: true))
        let run = TrainingRun(model: self, runtime: runtime, epochCount: 1, batchCount: steps)
        var callbacks = callbacks
        var loop = EvaluationLoop(
            run: run, runtime: runtime, source: source, stepCount: steps, batchSize: batchSize)
        return try await loop(&callbacks)
    }

    /// One update on one batch; its loss and metrics from before the update.
    ///
    /// - Throws: as `fit`.
    @discardableResult
    public func trainOnBatch(
        _ batch: Examples, classWeight: [Int: Float]? = nil
    ) async throws -> Logs {
        try FitArguments(classWeight: classWeight).validate()
        let runtime = ModelRuntime.of(self)
        try runtime.beginTraining()
        defer { runtime.endTraining() }
        let signature = try runtime.signature(self, .training)
        let gate = InputGate(signature: signature, needsLabels: true, classWeight: classWeight)
        let prepared = try gate.prepare(batch)
        var means = RunningMeans()
        do {
            try runtime.run(
                self, .training, prepared, rows: 0..<prepared.rowCount, order: nil, batchBound: 1,
                into: &means)
        } catch let error as NonFiniteValue {
            throw NonFiniteLossError(
                loss: error.value, epoch: 0, step: runtime.stepCount, batch: 0)
        }
        return means.logs
    }

    /// The loss and the metrics of one batch.
    public func testOnBatch(_ batch: Examples) async throws -> Logs {
        try await evaluate(batch, batchSize: max(batch.count, 1))
    }
}
