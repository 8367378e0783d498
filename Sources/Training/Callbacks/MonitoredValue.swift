/// Whether a number that is watched should fall or rise.
public enum MonitorMode: String, Hashable, Sendable, CaseIterable {
    /// Rise for accuracies and the like, fall for losses and errors: by the name.
    case auto
    case min
    case max
}

/// A number of the logs that callbacks watch for getting better.
struct MonitoredValue: Sendable {
    let name: String
    let isRising: Bool
    /// The least change that counts, 0 or more.
    let minimumDelta: Double

    init(_ name: String, mode: MonitorMode, minimumDelta: Double = 0) {
        self.name = name
        self.minimumDelta = abs(minimumDelta)
        isRising =
            switch mode {
            case .min: false
            case .max: true
            case .auto: Self.rises(name)
            }
    }

    /// As Keras's metrics say of themselves.
    private static func rises(_ name: String) -> Bool {
        let metric = name.hasPrefix("val_") ? name.dropFirst(4) : name[...]
        return ["acc", "auc", "precision", "recall", "f1", "fbeta", "r2", "iou"].contains {
            metric.contains($0)
        }
    }

    /// Worse than every number.
    var worst: Double { isRising ? -.infinity : .infinity }

    func isBetter(_ value: Double, than reference: Double) -> Bool {
        isRising ? value - minimumDelta > reference : value + minimumDelta < reference
    }

    /// The number in the logs; nil in an epoch that had no validation.
    ///
    /// - Throws: `TrainingError` for a name that is not logged, naming those that are.
    func value(in logs: Logs, for callback: String) throws -> Double? {
        if let value = logs[name] { return value }
        if name.hasPrefix("val_"), logs[String(name.dropFirst(4))] != nil { return nil }
        throw TrainingError(
            callback,
            "it watches \"\(name)\", which is not logged; the names are "
                + logs.keys.sorted().joined(separator: ", ")
                + ", and with validation data those with val_ before them")
    }
}
