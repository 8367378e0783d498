extension Dataset {
    /// Every element transformed, up to `parallelism` at a time; the order stays.
    ///
    /// An error of element *i* is thrown when element *i* is due, after all before it. The
    /// transformations that are still running are then cancelled.
    ///
    /// - Throws: ``DatasetError`` if `parallelism` is not positive.
    public func map<Mapped: Sendable>(
        parallelism: Int, _ transform: @escaping @Sendable (Element) async throws -> Mapped
    ) throws(DatasetError) -> Dataset<Mapped> {
        try DatasetError.require(parallelism, atLeast: 1, "the parallelism")
        let start = start
        return Dataset<Mapped>(count: count) { epoch in
            let pull = start(epoch)
            let running = RunningTasks<Mapped>()
            var failure: (any Error)?
            var isFinished = false
            return {
                while !isFinished, running.count < parallelism {
                    do {
                        if let element = try await pull() {
                            running.start { try await transform(element) }
                        } else {
                            isFinished = true
                        }
                    } catch {
                        // The elements before it come first.
                        failure = error
                        isFinished = true
                    }
                }
                if let mapped = try await running.first() { return mapped }
                if let failure { throw failure }
                return nil
            }
        }
    }

    /// The stages before this one run in the background, up to `bufferSize` elements ahead.
    ///
    /// The work begins with the first element that is asked for, and stops when the pass is
    /// dropped or the reading task is cancelled.
    ///
    /// - Throws: ``DatasetError`` if `bufferSize` is not positive.
    public func prefetched(_ bufferSize: Int = 2) throws(DatasetError) -> Dataset {
        try DatasetError.require(bufferSize, atLeast: 1, "the prefetch buffer size")
        let start = start
        return Dataset(count: count) { epoch in
            var producer: Producer<Element>?
            return {
                let current = producer ?? Producer(bufferSize: bufferSize) { start(epoch) }
                producer = current
                return try await current.next()
            }
        }
    }
}

/// Tasks in the order of their elements. Those not waited for are cancelled with it.
private final class RunningTasks<Value: Sendable> {
    private var tasks: [Task<Value, any Error>] = []

    var count: Int { tasks.count }

    func start(_ body: @escaping @Sendable () async throws -> Value) {
        tasks.append(Task.detached(priority: Task.currentPriority, operation: body))
    }

    /// The value of the first task, which leaves the row; `nil` if there is none.
    nonisolated(nonsending) func first() async throws -> Value? {
        guard !tasks.isEmpty else { return nil }
        let task = tasks.removeFirst()
        return try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
    }

    deinit {
        for task in tasks { task.cancel() }
    }
}

/// A task that reads one pass ahead into a bounded buffer, and dies with this object.
private final class Producer<Element: Sendable>: Sendable {
    private let buffer: BoundedBuffer<Element>
    private let task: Task<Void, Never>

    init(bufferSize: Int, start: @escaping @Sendable () -> Dataset<Element>.Pull) {
        let buffer = BoundedBuffer<Element>(capacity: bufferSize)
        self.buffer = buffer
        task = Task.detached(priority: Task.currentPriority) {
            do {
                let pull = start()
                while let element = try await pull() {
                    guard await buffer.put(element) else { return }
                }
                buffer.finish(nil)
            } catch {
                buffer.finish(error)
            }
        }
    }

    nonisolated(nonsending) func next() async throws -> Element? {
        try await withTaskCancellationHandler {
            try await buffer.take()
        } onCancel: {
            stop()
        }
    }

    private func stop() {
        task.cancel()
        buffer.cancel()
    }

    deinit { stop() }
}
