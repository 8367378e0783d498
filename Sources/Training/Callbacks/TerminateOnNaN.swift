/// Ends the training in good order, with a history and without an error, when the loss is NaN or
/// infinite. The weights are those before that step. Without it `fit` throws.
public struct TerminateOnNaN: Callback {
    /// What ended the training; nil if nothing did.
    public private(set) var error: NonFiniteLossError?

    public init() {}

    public mutating func nonFiniteLoss(
        _ run: TrainingRun, _ error: NonFiniteLossError
    ) async throws -> Bool {
        self.error = error
        run.stop()
        return true
    }
}
