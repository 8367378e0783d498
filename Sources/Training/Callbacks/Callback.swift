/// Something that is told how training goes, and may steer it.
///
/// Callbacks are values: `fit` works on copies, which it gives back in the history
/// (`history.callback(EarlyStopping.self)`). All hooks are optional. An error thrown by a hook ends
/// the training and is thrown by `fit`.
///
/// The logs of a batch are running means since the beginning of the epoch; those of an epoch have
/// `val_…` added where a validation ran.
public protocol Callback: Sendable {
    mutating func trainBegin(_ run: TrainingRun) async throws
    mutating func trainEnd(_ run: TrainingRun, logs: Logs) async throws
    /// - Parameter epoch: from 0.
    mutating func epochBegin(_ run: TrainingRun, epoch: Int) async throws
    mutating func epochEnd(_ run: TrainingRun, epoch: Int, logs: Logs) async throws
    /// - Parameter batch: from 0, within the epoch.
    mutating func batchBegin(_ run: TrainingRun, batch: Int) async throws
    mutating func batchEnd(_ run: TrainingRun, batch: Int, logs: Logs) async throws
    /// A validation or an evaluation begins.
    mutating func testBegin(_ run: TrainingRun) async throws
    mutating func testBatchEnd(_ run: TrainingRun, batch: Int, logs: Logs) async throws
    mutating func testEnd(_ run: TrainingRun, logs: Logs) async throws
    /// The loss of a step was not finite; the step changed nothing.
    ///
    /// - Returns: whether training ends here without an error.
    mutating func nonFiniteLoss(_ run: TrainingRun, _ error: NonFiniteLossError) async throws
        -> Bool
}

extension Callback {
    public mutating func trainBegin(_ run: TrainingRun) async throws {}
    public mutating func trainEnd(_ run: TrainingRun, logs: Logs) async throws {}
    public mutating func epochBegin(_ run: TrainingRun, epoch: Int) async throws {}
    public mutating func epochEnd(_ run: TrainingRun, epoch: Int, logs: Logs) async throws {}
    public mutating func batchBegin(_ run: TrainingRun, batch: Int) async throws {}
    public mutating func batchEnd(_ run: TrainingRun, batch: Int, logs: Logs) async throws {}
    public mutating func testBegin(_ run: TrainingRun) async throws {}
    public mutating func testBatchEnd(_ run: TrainingRun, batch: Int, logs: Logs) async throws {}
    public mutating func testEnd(_ run: TrainingRun, logs: Logs) async throws {}
    public mutating func nonFiniteLoss(
        _ run: TrainingRun, _ error: NonFiniteLossError
    ) async throws -> Bool { false }
}
