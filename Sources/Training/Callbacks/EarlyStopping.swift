/// Ends the training when a number has stopped getting better. Keras's rules and defaults.
public struct EarlyStopping: Callback {
    /// Epochs without improvement after which training ends.
    public let patience: Int
    /// A value the number must have beaten to begin with.
    public let baseline: Double?
    public let restoresBestWeights: Bool
    /// The first epoch, from 0, that is looked at.
    public let startEpoch: Int
    private let monitored: MonitoredValue

    /// The epoch after which training was ended, from 0; nil if it was not.
    public private(set) var stoppedEpoch: Int?
    /// The epoch with the best value, from 0.
    public private(set) var bestEpoch = 0
    public private(set) var best: Double
    private var wait = 0
    private var bestWeights: [String: [Float]]?

    /// - Parameters:
    ///   - monitor: the name in the logs; epochs without it (no validation) are passed over.
    ///   - minimumDelta: the least change that counts as improvement.
    ///   - restoresBestWeights: whether the model ends with the weights of its best epoch.
    public init(
        monitor: String = "val_loss", minimumDelta: Double = 0, patience: Int = 0,
        mode: MonitorMode = .auto, baseline: Double? = nil, restoresBestWeights: Bool = false,
        startEpoch: Int = 0
    ) {
        monitored = MonitoredValue(monitor, mode: mode, minimumDelta: minimumDelta)
        self.patience = max(patience, 0)
        self.baseline = baseline
        self.restoresBestWeights = restoresBestWeights
        self.startEpoch = startEpoch
        best = monitored.worst
    }

    public mutating func trainBegin(_ run: TrainingRun) async throws {
        wait = 0
        stoppedEpoch = nil
        bestEpoch = 0
        best = monitored.worst
        bestWeights = nil
    }

    public mutating func epochEnd(_ run: TrainingRun, epoch: Int, logs: Logs) async throws {
        guard epoch >= startEpoch else { return }
        guard let current = try monitored.value(in: logs, for: "EarlyStopping") else { return }
        if restoresBestWeights, bestWeights == nil {
            bestWeights = try run.weights()
            bestEpoch = epoch
        }
        wait += 1
        if monitored.isBetter(current, than: best) {
            best = current
            bestEpoch = epoch
            if restoresBestWeights { bestWeights = try run.weights() }
            // The wait goes on until the baseline is beaten too.
            if baseline.map({ monitored.isBetter(current, than: $0) }) ?? true { wait = 0 }
            return
        }
        if wait >= patience, epoch > 0 {
            stoppedEpoch = epoch
            run.stop()
        }
    }

    public mutating func trainEnd(_ run: TrainingRun, logs: Logs) async throws {
        if let bestWeights { try run.setWeights(bestWeights) }
    }
}
