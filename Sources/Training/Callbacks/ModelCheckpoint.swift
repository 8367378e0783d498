import MartletFiles

/// Saves the model while it trains.
public struct ModelCheckpoint: Callback {
    /// A folder for the whole model, or a `.safetensors` file for the weights alone; `{epoch}`,
    /// `{epoch:02d}`, `{val_loss:.2f}` and the like are replaced, as in Keras.
    public let path: String
    public let savesBestOnly: Bool
    public let savesWeightsOnly: Bool
    private let monitored: MonitoredValue
    /// The value of the best model saved so far.
    public private(set) var best: Double
    /// Where the last model was saved.
    public private(set) var lastPath: String?
    /// Why saves failed, such as a full disk; training went on after them.
    public private(set) var failures: [FileError] = []
    /// What to save again at the end, after a failure.
    private var missed: (epoch: Int, logs: Logs)?

    /// - Parameters:
    ///   - monitor: the name in the logs by which models are compared.
    ///   - savesBestOnly: whether only a better model than the last one is saved.
    ///   - initialThreshold: a value that the first model saved must beat.
    public init(
        path: String, monitor: String = "val_loss", savesBestOnly: Bool = false,
        savesWeightsOnly: Bool = false, mode: MonitorMode = .auto, initialThreshold: Double? = nil
    ) {
        self.path = path
        self.savesBestOnly = savesBestOnly
        self.savesWeightsOnly = savesWeightsOnly
        monitored = MonitoredValue(monitor, mode: mode)
        best = initialThreshold ?? monitored.worst
    }

    public mutating func epochEnd(_ run: TrainingRun, epoch: Int, logs: Logs) async throws {
        var current: Double?
        if savesBestOnly {
            current = try monitored.value(in: logs, for: "ModelCheckpoint")
            guard let current, monitored.isBetter(current, than: best) else { return }
        }
        do {
            try save(run, epoch, logs)
            if let current { best = current }
        } catch let error as FileError {
            // The last checkpoint is whole; a later save may succeed.
            failures.append(error)
            missed = (epoch, logs)
        }
    }

    /// - Throws: `FileError` where the last save failed and fails again.
    public mutating func trainEnd(_ run: TrainingRun, logs: Logs) async throws {
        if let missed { try save(run, missed.epoch, missed.logs) }
    }

    private mutating func save(_ run: TrainingRun, _ epoch: Int, _ logs: Logs) throws {
        let target = try PathTemplate(path).filled(epoch: epoch, logs: logs)
        if savesWeightsOnly {
            try run.model.saveWeights(to: target)
        } else {
            try run.model.save(to: target)
        }
        (lastPath, missed) = (target, nil)
    }
}

/// A path with places for numbers, in Python's format: `{epoch:02d}-{val_loss:.2f}`.
struct PathTemplate {
    let text: String

    init(_ text: String) { self.text = text }

    /// - Parameter epoch: from 0; printed from 1, as in Keras.
    /// - Throws: `TrainingError` for a name that is not logged or a format that is not known.
    func filled(epoch: Int, logs: Logs) throws -> String {
        var result = ""
        var rest = text[...]
        while let open = rest.firstIndex(of: "{") {
            guard let close = rest[open...].firstIndex(of: "}") else { break }
            result += rest[..<open]
            let field = rest[rest.index(after: open)..<close].split(
                separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            let (name, format) = (String(field[0]), field.count > 1 ? String(field[1]) : "")
            if name == "epoch" {
                result += try integer(epoch + 1, format)
            } else if let value = logs[name] {
                result += try number(value, format)
            } else {
                throw TrainingError(
                    "ModelCheckpoint",
                    "the path \(text) asks for \"\(name)\", which is not logged; the names are "
                        + (["epoch"] + logs.keys.sorted()).joined(separator: ", "))
            }
            rest = rest[rest.index(after: close)...]
        }
        return result + rest
    }

    /// `02d`, `d` or nothing.
    private func integer(_ value: Int, _ format: String) throws -> String {
        if format.isEmpty || format == "d" { return "\(value)" }
        guard format.hasSuffix("d"), let width = Int(format.dropLast()), width <= 20 else {
            throw unknown(format)
        }
        let digits = "\(value)"
        let fill = format.hasPrefix("0") ? "0" : " "
        return String(repeating: fill, count: max(0, width - digits.count)) + digits
    }

    /// `.2f` or nothing.
    private func number(_ value: Double, _ format: String) throws -> String {
        if format.isEmpty { return "\(Float(value))" }
        guard format.hasPrefix("."), format.hasSuffix("f"),
            let digits = Int(format.dropFirst().dropLast()), (0...17).contains(digits)
        else { throw unknown(format) }
        return NumberFormat.fixed(value, digits: digits)
    }

    private func unknown(_ format: String) -> TrainingError {
        TrainingError(
            "ModelCheckpoint",
            "the path \(text) has the format \"\(format)\"; known are 02d and the like for "
                + "epoch, .2f and the like for other numbers")
    }
}
