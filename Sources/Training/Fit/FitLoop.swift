import MartletLayers
import MartletRuntime

/// One `fit`: epochs of steps, validations between them, callbacks all along.
struct FitLoop {
    let run: TrainingRun
    let runtime: ModelRuntime
    let arguments: FitArguments
    /// What is doubtful about the model and this run.
    let diagnostics: [Diagnostic]
    /// The batches of a validation; nil without one.
    let validation: BatchFeed.Source?
    private var feed: BatchFeed
    private var callbacks: [any Callback]
    private var history = History()
    private var means = RunningMeans()
    private var logs: Logs = [:]

    init(
        run: TrainingRun, runtime: ModelRuntime, arguments: FitArguments, feed: BatchFeed,
        diagnostics: [Diagnostic],
        validation: BatchFeed.Source?
    ) {
        self.run = run
        self.runtime = runtime
        self.arguments = arguments
        self.feed = feed
        self.diagnostics = diagnostics
        self.validation = validation
        callbacks = arguments.callbacks
        // Last, so that it reports what the others have seen.
        if let printer = ProgressPrinter(arguments.verbosity) { callbacks.append(printer) }
    }

    mutating func callAsFunction() async throws -> History {
        for diagnostic in diagnostics { history.warn("\(diagnostic)") }
        for index in callbacks.indices { try await callbacks[index].trainBegin(run) }
        var cancellation: CancellationError?
        do {
            var epoch = arguments.initialEpoch
            while epoch < arguments.epochs, !run.isStopping {
                try await runEpoch(epoch)
                epoch += 1
            }
        } catch let error as NonFiniteLossError {
            guard try await isHandled(error) else { throw error }
        } catch let error as CancellationError {
            // It came between two steps: what callbacks keep is in order.
            cancellation = error
        }
        for index in callbacks.indices {
            try await callbacks[index].trainEnd(run, logs: logs)
        }
        if let cancellation { throw cancellation }
        history.callbacks = Array(callbacks.prefix(arguments.callbacks.count))
        return history
    }

    private mutating func isHandled(_ error: NonFiniteLossError) async throws -> Bool {
        var isHandled = false
        for index in callbacks.indices {
            if try await callbacks[index].nonFiniteLoss(run, error) { isHandled = true }
        }
        return isHandled
    }

    private mutating func runEpoch(_ epoch: Int) async throws {
        for index in callbacks.indices {
            try await callbacks[index].epochBegin(run, epoch: epoch)
        }
        try await trainEpoch(epoch)
        logs = means.logs
        if let validation, arguments.validationFrequency.includes(epoch: epoch) {
            logs.merge(try await validate(validation)) { $1 }
        }
        history.append(epoch: epoch, logs)
        for index in callbacks.indices {
            try await callbacks[index].epochEnd(run, epoch: epoch, logs: logs)
        }
    }

    private mutating func trainEpoch(_ epoch: Int) async throws {
        means.reset()
        feed.beginEpoch()
        var batch = 0
        while batch < arguments.stepsPerEpoch ?? .max {
            try Task.checkCancellation()
            guard let next = try await feed.next() else {
                try endOfData(epoch: epoch, batchCount: batch)
                break
            }
            try await step(next, epoch: epoch, batch: batch)
            batch += 1
        }
        if run.batchCount == nil { run.batchCount = batch }
    }

    private mutating func endOfData(epoch: Int, batchCount: Int) throws {
        if let wanted = arguments.stepsPerEpoch {
            history.warn(
                "the data ended after \(batchCount) of \(wanted) steps in epoch \(epoch + 1); give "
                    + "more data, or fewer stepsPerEpoch")
        } else if batchCount == 0 {
            throw TrainingError("data", "there are no examples; give at least one")
        }
    }

    private mutating func step(_ next: BatchFeed.Batch, epoch: Int, batch: Int) async throws {
        for index in callbacks.indices {
            try await callbacks[index].batchBegin(run, batch: batch)
        }
        do {
            try runtime.run(
                run.model, .training, next.data, rows: next.rows, order: next.order,
                batchBound: arguments.batchSize, into: &means)
        } catch let error as NonFiniteValue {
            throw NonFiniteLossError(
                loss: error.value, epoch: epoch, step: runtime.stepCount, batch: batch)
        }
        guard !callbacks.isEmpty else { return }
        let logs = means.logs
        for index in callbacks.indices {
            try await callbacks[index].batchEnd(run, batch: batch, logs: logs)
        }
    }

    /// The logs of a validation, `val_` before their names.
    private mutating func validate(_ source: BatchFeed.Source) async throws -> Logs {
        var evaluation = EvaluationLoop(
            run: run, runtime: runtime, source: source, stepCount: arguments.validationSteps,
            batchSize: arguments.validationBatchSize ?? arguments.batchSize)
        let logs = try await evaluation(&callbacks)
        for warning in evaluation.warnings { history.warn(warning) }
        var prefixed: Logs = [:]
        for (key, value) in logs { prefixed["val_" + key] = value }
        return prefixed
    }
}
