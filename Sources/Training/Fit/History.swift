import MartletJSON

/// What happened in a training: the logs of every epoch.
public struct History: Sendable {
    /// The epochs that ran, from 0.
    public private(set) var epochs: [Int] = []
    /// By Keras's names: `loss`, `accuracy`, `val_loss`, `val_accuracy`; one number for each epoch
    /// in which it was logged.
    public private(set) var values: [String: [Double]] = [:]
    /// What is doubtful about the model, the loss or the data.
    public internal(set) var warnings: [String] = []
    /// The callbacks as they were at the end.
    public internal(set) var callbacks: [any Callback] = []

    public init() {}

    mutating func append(epoch: Int, _ logs: Logs) {
        epochs.append(epoch)
        for (key, value) in logs { values[key, default: []].append(value) }
    }

    mutating func warn(_ text: String) {
        if !warnings.contains(text) { warnings.append(text) }
    }

    /// The names of what was logged, sorted as Keras sorts them.
    public var keys: [String] { values.keys.sorted() }

    /// The numbers under a name; empty where there are none.
    public subscript(key: String) -> [Double] { values[key] ?? [] }

    /// The first callback of a type, as it was at the end.
    public func callback<Wanted: Callback>(_ type: Wanted.Type) -> Wanted? {
        callbacks.lazy.compactMap { $0 as? Wanted }.first
    }

    /// `{"accuracy": […], "loss": […]}`
    public var json: JSONValue {
        .object(
            JSONObject(
                keys.map { key in
                    (key: key, value: .array(self[key].map { JSONValue.number($0) }))
                }))
    }
}
