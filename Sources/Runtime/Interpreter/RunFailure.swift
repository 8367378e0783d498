import Synchronization

/// The first error of a run. Kernels cannot throw from other threads: they leave their error here,
/// the rest of the run is skipped, and the run throws it.
package final class RunFailure: Sendable {
    private let isSet = Atomic(false)
    private let error = Mutex<(any Error)?>(nil)

    var hasFailed: Bool { isSet.load(ordering: .relaxed) }

    /// Keeps the first error only.
    package func record(_ error: any Error) {
        self.error.withLock { if $0 == nil { $0 = error } }
        isSet.store(true, ordering: .releasing)
    }

    /// Throws the recorded error, if there is one, and forgets it.
    func throwIfFailed() throws {
        guard isSet.load(ordering: .acquiring) else { return }
        isSet.store(false, ordering: .relaxed)
        let recorded = error.withLock { error -> (any Error)? in
            defer { error = nil }
            return error
        }
        if let recorded { throw recorded }
    }
}
