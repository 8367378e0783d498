/// Calls functions at some of the hooks.
public struct LambdaCallback: Callback {
    public var onTrainBegin: @Sendable (TrainingRun) async throws -> Void
    public var onTrainEnd: @Sendable (TrainingRun, Logs) async throws -> Void
    public var onEpochBegin: @Sendable (TrainingRun, _ epoch: Int) async throws -> Void
    public var onEpochEnd: @Sendable (TrainingRun, _ epoch: Int, Logs) async throws -> Void
    public var onBatchEnd: @Sendable (TrainingRun, _ batch: Int, Logs) async throws -> Void

    public init(
        onTrainBegin: @escaping @Sendable (TrainingRun) async throws -> Void = { _ in },
        onTrainEnd: @escaping @Sendable (TrainingRun, Logs) async throws -> Void = { _, _ in },
        onEpochBegin: @escaping @Sendable (TrainingRun, Int) async throws -> Void = { _, _ in },
        onEpochEnd: @escaping @Sendable (TrainingRun, Int, Logs) async throws -> Void = {
            _, _, _ in
        },
        onBatchEnd: @escaping @Sendable (TrainingRun, Int, Logs) async throws -> Void = {
            _, _, _ in
        }
    ) {
        self.onTrainBegin = onTrainBegin
        self.onTrainEnd = onTrainEnd
        self.onEpochBegin = onEpochBegin
        self.onEpochEnd = onEpochEnd
        self.onBatchEnd = onBatchEnd
    }

    public mutating func trainBegin(_ run: TrainingRun) async throws { try await onTrainBegin(run) }

    public mutating func trainEnd(_ run: TrainingRun, logs: Logs) async throws {
        try await onTrainEnd(run, logs)
    }

    public mutating func epochBegin(_ run: TrainingRun, epoch: Int) async throws {
        try await onEpochBegin(run, epoch)
    }

    public mutating func epochEnd(_ run: TrainingRun, epoch: Int, logs: Logs) async throws {
        try await onEpochEnd(run, epoch, logs)
    }

    public mutating func batchEnd(_ run: TrainingRun, batch: Int, logs: Logs) async throws {
        try await onBatchEnd(run, batch, logs)
    }
}
