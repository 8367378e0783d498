/// What is wrong with data, arguments or a model's state, where, and how to mend it.
///
/// Prints as `labels: row 17 is 9, expected 0..<4; …`.
public struct TrainingError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What the fault is in: an argument, an input, `labels`.
    public var subject: String
    public var message: String

    public init(_ subject: String, _ message: String) {
        self.subject = subject
        self.message = message
    }

    public var description: String { "\(subject): \(message)" }
}

/// The loss of a training step was NaN or infinite. The parameters and the optimizer's state are
/// as they were before that step.
public struct NonFiniteLossError: Error, Hashable, Sendable, CustomStringConvertible {
    public var loss: Float
    /// From 0.
    public var epoch: Int
    /// The number of updates done before, in the model's whole life.
    public var step: Int
    /// From 0, within the epoch.
    public var batch: Int

    public var description: String {
        "the loss is \(loss.isNaN ? "nan" : "\(loss)") in epoch \(epoch + 1), batch \(batch + 1) (step \(step)); the weights "
            + "are as before this step. Lower the learning rate, clip the gradients, or look for "
            + "NaN, infinities and very large numbers among the inputs of that batch"
    }
}
