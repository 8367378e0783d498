/// One pass of a model over data with labels, without updates.
struct EvaluationLoop {
    let run: TrainingRun
    let runtime: ModelRuntime
    let source: BatchFeed.Source
    /// Batches to look at; nil for all.
    let stepCount: Int?
    let batchSize: Int
    private(set) var warnings: [String] = []

    init(
        run: TrainingRun, runtime: ModelRuntime, source: BatchFeed.Source, stepCount: Int?,
        batchSize: Int
    ) {
        self.run = run
        self.runtime = runtime
        self.source = source
        self.stepCount = stepCount
        self.batchSize = batchSize
    }

    mutating func callAsFunction(_ callbacks: inout [any Callback]) async throws -> Logs {
        for index in callbacks.indices { try await callbacks[index].testBegin(run) }
        var means = RunningMeans()
        var feed = BatchFeed(source, isContinuous: false, firstPass: 0)
        feed.beginEpoch()
        var batch = 0
        while batch < stepCount ?? .max {
            try Task.checkCancellation()
            guard let next = try await feed.next() else {
                if let stepCount {
                    warnings.append(
                        "the data to evaluate on ended after \(batch) of \(stepCount) steps")
                }
                break
            }
            try runtime.run(
                run.model, .evaluation, next.data, rows: next.rows, order: next.order,
                batchBound: batchSize, into: &means)
            if !callbacks.isEmpty {
                let logs = means.logs
                for index in callbacks.indices {
                    try await callbacks[index].testBatchEnd(run, batch: batch, logs: logs)
                }
            }
            batch += 1
        }
        guard batch > 0 else {
            throw TrainingError("data", "there are no examples to evaluate on; give at least one")
        }
        let logs = means.logs
        for index in callbacks.indices { try await callbacks[index].testEnd(run, logs: logs) }
        return logs
    }
}
