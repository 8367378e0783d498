/// Sets the learning rate of every epoch by a function of the epoch and the rate so far.
///
/// For optimizers with a constant rate; rates that change within an epoch are schedules of the
/// optimizer.
public struct LearningRateScheduler: Callback {
    private let rate: @Sendable (_ epoch: Int, _ current: Double) -> Double

    /// - Parameter rate: called with the epoch, from 0, and the learning rate so far.
    public init(_ rate: @escaping @Sendable (_ epoch: Int, _ current: Double) -> Double) {
        self.rate = rate
    }

    public mutating func epochBegin(_ run: TrainingRun, epoch: Int) async throws {
        try run.setLearningRate(rate(epoch, run.learningRate))
    }
}
