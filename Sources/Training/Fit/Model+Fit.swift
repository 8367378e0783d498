import MartletLayers

extension Model {
    /// Trains on examples in memory.
    ///
    /// Arguments, defaults and results are those of Keras's `fit`. Cancelling the task stops
    /// after a step, with `CancellationError`; the model keeps what it has learned.
    ///
    /// - Parameters:
    ///   - epochs: the number of the epoch to go on to.
    ///   - validation: examples to evaluate on at the ends of epochs.
    ///   - validationSplit: the share of the examples, the last ones, that is kept for validation
    ///     where none is given.
    ///   - shuffle: whether each epoch has an order of its own, given by the seed and its number.
    ///   - classWeight: factors on the losses of rows by class; 1 for a class not named.
    ///   - initialEpoch: the epoch to begin with, from 0, to resume a training.
    ///   - stepsPerEpoch: batches in an epoch; the next one goes on where it ended.
    ///   - validationSteps: batches of a validation, from its beginning each time.
    /// - Throws: `TrainingError` where data or arguments do not fit, before anything runs;
    ///   `NonFiniteLossError` where the loss is NaN or infinite, before that update.
    @discardableResult
    public func fit(
        _ examples: Examples, batchSize: Int = 32, epochs: Int = 1, validation: Examples? = nil,
        validationSplit: Double = 0, shuffle: Bool = true, classWeight: [Int: Float]? = nil,
        initialEpoch: Int = 0, stepsPerEpoch: Int? = nil, validationSteps: Int? = nil,
        validationBatchSize: Int? = nil, validationFrequency: ValidationFrequency = 1,
        callbacks: [any Callback] = [], verbosity: Verbosity = .automatic
    ) async throws -> History {
        var arguments = FitArguments(
            batchSize: batchSize, epochs: epochs, initialEpoch: initialEpoch,
            stepsPerEpoch: stepsPerEpoch, validationSteps: validationSteps,
            validationBatchSize: validationBatchSize, validationFrequency: validationFrequency,
            classWeight: classWeight, callbacks: callbacks, verbosity: verbosity)
        try arguments.validate()
        var (training, held) = (examples, validation)
        if validationSplit != 0, validation == nil {
            let split = try ValidationSplit(examples, share: validationSplit)
            (training, held) = (split.training, split.validation)
        }
        arguments.limitBatches(to: training, held)
        let (limited, seed) = (arguments, ModelRuntime.of(self).currentOptions.seed)
        return try await fit(limited, labels: training.labels) { gate in
            try BatchFeed.source(
                training, gate: gate, batchSize: limited.batchSize,
                shuffleSeed: shuffle ? seed : nil)
        } validation: { gate in
            try held.map {
                try BatchFeed.source(
                    $0, gate: gate, batchSize: limited.validationBatchSize ?? limited.batchSize,
                    shuffleSeed: nil)
            }
        }
    }

    /// Trains on arrays: `x` for a model of one input, `y` its labels. See the other `fit`.
    @discardableResult
    public func fit(
        x: DataArray, y: DataArray, sampleWeight: [Float]? = nil, batchSize: Int = 32,
        epochs: Int = 1, validation: Examples? = nil, validationSplit: Double = 0,
        shuffle: Bool = true, classWeight: [Int: Float]? = nil, initialEpoch: Int = 0,
        stepsPerEpoch: Int? = nil, validationSteps: Int? = nil, validationBatchSize: Int? = nil,
        validationFrequency: ValidationFrequency = 1, callbacks: [any Callback] = [],
        verbosity: Verbosity = .automatic
    ) async throws -> History {
        try await fit(
            Examples(x: x, y: y, sampleWeight: sampleWeight), batchSize: batchSize,
            epochs: epochs, validation: validation, validationSplit: validationSplit,
            shuffle: shuffle, classWeight: classWeight, initialEpoch: initialEpoch,
            stepsPerEpoch: stepsPerEpoch, validationSteps: validationSteps,
            validationBatchSize: validationBatchSize, validationFrequency: validationFrequency,
            callbacks: callbacks, verbosity: verbosity)
    }

    /// Trains on a dataset of batches, in the dataset's own order. See the other `fit`.
    ///
    /// Batches are checked, and strings encoded, in the background while a step runs.
    @discardableResult
    public func fit(
        _ batches: Dataset<Examples>, validation: Dataset<Examples>? = nil, epochs: Int = 1,
        classWeight: [Int: Float]? = nil, initialEpoch: Int = 0, stepsPerEpoch: Int? = nil,
        validationSteps: Int? = nil, validationFrequency: ValidationFrequency = 1,
        callbacks: [any Callback] = [], verbosity: Verbosity = .automatic
    ) async throws -> History {
        // The programs are made for the batches as they come.
        let arguments = FitArguments(
            batchSize: 1, epochs: epochs, initialEpoch: initialEpoch,
            stepsPerEpoch: stepsPerEpoch, validationSteps: validationSteps,
            validationFrequency: validationFrequency, classWeight: classWeight,
            callbacks: callbacks, verbosity: verbosity)
        try arguments.validate()
        return try await fit(arguments, labels: nil) { gate in
            try BatchFeed.source(batches, gate: gate)
        } validation: { gate in
            try validation.map { try BatchFeed.source($0, gate: gate) }
        }
    }

    /// Trains on a dataset of batches of examples that know their input and label:
    /// `model.fit(news.batched(128), epochs: 3)`. See the other `fit`.
    @discardableResult
    public func fit<Example: TrainingExample>(
        _ batches: Dataset<[Example]>, validation: Dataset<[Example]>? = nil, epochs: Int = 1,
        classWeight: [Int: Float]? = nil, initialEpoch: Int = 0, stepsPerEpoch: Int? = nil,
        validationSteps: Int? = nil, validationFrequency: ValidationFrequency = 1,
        callbacks: [any Callback] = [], verbosity: Verbosity = .automatic
    ) async throws -> History {
        try await fit(
            batches.map { try Example.examples($0) },
            validation: validation?.map { try Example.examples($0) }, epochs: epochs,
            classWeight: classWeight, initialEpoch: initialEpoch, stepsPerEpoch: stepsPerEpoch,
            validationSteps: validationSteps, validationFrequency: validationFrequency,
            callbacks: callbacks, verbosity: verbosity)
    }

    /// - Parameter labels: all labels there are to learn from; nil where they come in batches.
    private func fit(
        _ arguments: FitArguments, labels: DataArray?,
        training: (InputGate) throws -> BatchFeed.Source,
        validation: (InputGate) throws -> BatchFeed.Source?
    ) async throws -> History {
        let runtime = ModelRuntime.of(self)
        try runtime.beginTraining()
        defer { runtime.endTraining() }
        let signature = try runtime.signature(self, .training)
        var gate = InputGate(signature: signature, needsLabels: true)
        let held = try validation(gate)
        gate.classWeight = arguments.classWeight
        let feed = BatchFeed(
            try training(gate), isContinuous: arguments.stepsPerEpoch != nil,
            firstPass: arguments.initialEpoch)
        let run = TrainingRun(
            model: self, runtime: runtime, epochCount: arguments.epochs,
            batchCount: arguments.stepsPerEpoch ?? feed.batchCount)
        let doubts = try RunDiagnostics(
            arguments, batchCount: run.batchCount, labels: labels, signature: signature,
            runtime: runtime
        ).found
        try runtime.currentOptions.refuse(doubts)
        let all = runtime.compileDiagnostics + doubts
        if arguments.verbosity != .silent { DiagnosticOutput.warn(all) }
        var loop = FitLoop(
            run: run, runtime: runtime, arguments: arguments, feed: feed, diagnostics: all,
            validation: held)
        return try await loop()
    }
}
