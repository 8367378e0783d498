import Martlet
import MartletJSON
import Synchronization

/// Keeps the logs of every epoch, also of a training that is cancelled and returns no history.
final class EpochRecorder: Callback {
    private let logs = Mutex<[Logs]>([])

    func epochEnd(_ run: TrainingRun, epoch: Int, logs: Logs) async throws {
        self.logs.withLock { $0.append(logs) }
    }

    var epochCount: Int { logs.withLock(\.count) }

    /// As Keras's History: `{"accuracy": […], "loss": […]}`.
    var json: JSONValue {
        let logs = logs.withLock { $0 }
        let keys = Set(logs.flatMap(\.keys)).sorted()
        return .object(
            JSONObject(
                keys.map { key in
                    (key, .array(logs.compactMap { epoch in epoch[key].map { .number($0) } }))
                }))
    }
}
