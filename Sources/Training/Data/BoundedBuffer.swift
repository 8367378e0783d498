import Synchronization

/// A first-in, first-out buffer between one task that puts and one that takes. Either waits for
/// the other without blocking a thread.
final class BoundedBuffer<Element: Sendable>: Sendable {
    private struct State {
        var elements: [Element] = []
        /// Set once nothing more will be put.
        var end: Result<Void, any Error>?
        var isCancelled = false
        var taker: CheckedContinuation<Element?, any Error>?
        var putter: CheckedContinuation<Void, Never>?
    }

    private let capacity: Int
    private let state = Mutex(State())

    init(capacity: Int) { self.capacity = capacity }

    /// Adds an element, and returns when there is room for the next. `false`: nobody will take
    /// it, stop putting.
    func put(_ element: Element) async -> Bool {
        let taker = state.withLock { state -> CheckedContinuation<Element?, any Error>? in
            guard !state.isCancelled else { return nil }
            if let taker = state.taker {
                state.taker = nil
                return taker
            }
            state.elements.append(element)
            return nil
        }
        taker?.resume(returning: element)
        await withCheckedContinuation { continuation in
            let mayGoOn = state.withLock { state in
                if state.isCancelled || state.elements.count < capacity { return true }
                state.putter = continuation
                return false
            }
            if mayGoOn { continuation.resume() }
        }
        return state.withLock { !$0.isCancelled }
    }

    /// No more elements: `take` gives those left, then `nil` or the error.
    func finish(_ error: (any Error)?) {
        let taker = state.withLock { state in
            state.end = error.map { .failure($0) } ?? .success(())
            defer { state.taker = nil }
            return state.taker
        }
        if let error { taker?.resume(throwing: error) } else { taker?.resume(returning: nil) }
    }

    /// The next element; `nil` at the end.
    func take() async throws -> Element? {
        try await withCheckedThrowingContinuation { continuation in
            let (ready, putter) = state.withLock {
                state -> (Result<Element?, any Error>?, CheckedContinuation<Void, Never>?) in
                if state.isCancelled { return (.failure(CancellationError()), nil) }
                guard state.elements.isEmpty else {
                    defer { state.putter = nil }
                    return (.success(state.elements.removeFirst()), state.putter)
                }
                if let end = state.end { return (end.map { nil }, nil) }
                state.taker = continuation
                return (nil, nil)
            }
            putter?.resume()
            if let ready { continuation.resume(with: ready) }
        }
    }

    /// Wakes both sides: the taker with `CancellationError`, the putter to stop.
    func cancel() {
        let (taker, putter) = state.withLock { state in
            state.isCancelled = true
            state.elements = []
            defer {
                state.taker = nil
                state.putter = nil
            }
            return (state.taker, state.putter)
        }
        taker?.resume(throwing: CancellationError())
        putter?.resume()
    }
}
