/// Lowers a constant learning rate when a number has stopped getting better. Keras's rules and
/// defaults.
public struct ReduceLROnPlateau: Callback {
    public let factor: Double
    public let patience: Int
    /// Epochs after a reduction in which nothing is counted.
    public let cooldown: Int
    public let minimumLearningRate: Double
    private let monitored: MonitoredValue

    public private(set) var best: Double
    private var wait = 0
    private var cooldownLeft = 0

    /// - Parameters:
    ///   - factor: what the rate is multiplied by, between 0 and 1.
    ///   - patience: epochs without improvement before a reduction.
    ///   - minimumDelta: the least change that counts as improvement.
    /// - Throws: `TrainingError` where the factor does not lower the rate.
    public init(
        monitor: String = "val_loss", factor: Double = 0.1, patience: Int = 10,
        mode: MonitorMode = .auto, minimumDelta: Double = 1e-4, cooldown: Int = 0,
        minimumLearningRate: Double = 0
    ) throws(TrainingError) {
        guard factor > 0, factor < 1 else {
            throw TrainingError(
                "ReduceLROnPlateau", "factor is \(factor), expected a number between 0 and 1")
        }
        monitored = MonitoredValue(monitor, mode: mode, minimumDelta: minimumDelta)
        self.factor = factor
        self.patience = max(patience, 0)
        self.cooldown = max(cooldown, 0)
        self.minimumLearningRate = minimumLearningRate
        best = monitored.worst
    }

    public mutating func trainBegin(_ run: TrainingRun) async throws {
        best = monitored.worst
        wait = 0
        cooldownLeft = 0
    }

    public mutating func epochEnd(_ run: TrainingRun, epoch: Int, logs: Logs) async throws {
        guard let current = try monitored.value(in: logs, for: "ReduceLROnPlateau") else { return }
        if cooldownLeft > 0 {
            cooldownLeft -= 1
            wait = 0
        }
        if monitored.isBetter(current, than: best) {
            best = current
            wait = 0
            return
        }
        guard cooldownLeft == 0 else { return }
        wait += 1
        guard wait >= patience else { return }
        let rate = try run.learningRate
        guard rate > minimumLearningRate else { return }
        try run.setLearningRate(max(rate * factor, minimumLearningRate))
        cooldownLeft = cooldown
        wait = 0
    }
}
