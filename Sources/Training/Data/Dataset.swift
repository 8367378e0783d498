import Synchronization

/// A sequence of training data that is read as it is needed, step by step: `tf.data` in Swift.
///
/// ```swift
/// let news = AGNewsReader(path: "train.csv")
/// let train = try Dataset(news)
///     .shuffled(bufferSize: 10_000, seed: 1)
///     .batched(128)
///     .prefetched()
/// for try await batch in train { … }      // batch is [AGNewsExample]
/// ```
/// A dataset is a recipe and holds no position: each `for try await` reads everything again,
/// and every stage of one pass belongs to that pass alone. Errors of any stage end the pass and
/// reach the reader in the order of the elements.
///
/// **Order.** Passes over one dataset are numbered 0, 1, 2, … in the order they begin; copies
/// of the value share the number. A pass is a function of the source, the seeds and that
/// number, so a program that does the same again sees the same order. ``epoch(_:)`` asks for a
/// pass by its number, which is how training resumes in the middle.
public struct Dataset<Element: Sendable>: AsyncSequence, Sendable {
    public typealias Failure = any Error

    /// Gives the elements of one pass, then `nil`; not called again after that or an error.
    typealias Pull = nonisolated(nonsending) () async throws -> Element?

    /// The number of elements in a pass, if it is known without reading.
    public let count: Int?

    /// Begins pass `epoch`.
    let start: @Sendable (_ epoch: UInt64) -> Pull
    private let passes = PassCounter()

    init(count: Int?, start: @escaping @Sendable (_ epoch: UInt64) -> Pull) {
        self.count = count
        self.start = start
    }

    /// The elements of an array, a range or another collection.
    public init<Elements: Collection & Sendable>(_ elements: Elements)
    where Elements.Element == Element, Elements.Index: Sendable {
        self.init(count: elements.count) { _ in
            var index = elements.startIndex
            return {
                guard index < elements.endIndex else { return nil }
                defer { elements.formIndex(after: &index) }
                return elements[index]
            }
        }
    }

    /// The elements of an asynchronous sequence that can be read more than once, such as the
    /// reader of a file.
    public init<Elements: AsyncSequence & Sendable>(_ elements: Elements)
    where Elements.Element == Element, Elements.AsyncIterator: SendableMetatype {
        self.init { elements }
    }

    /// The elements of the sequence that `make` gives, anew for each pass.
    public init<Elements: AsyncSequence>(
        _ make: @escaping @Sendable () throws -> Elements
    ) where Elements.Element == Element, Elements.AsyncIterator: SendableMetatype {
        self.init(count: nil) { _ in
            var iterator: Elements.AsyncIterator?
            return {
                var current = try iterator ?? make().makeAsyncIterator()
                defer { iterator = current }
                return try await current.next(isolation: #isolation)
            }
        }
    }

    /// The pass with this number, whenever and however often it is read.
    public func epoch(_ number: Int) -> Dataset {
        let start = start
        let epoch = UInt64(bitPattern: Int64(number))
        return Dataset(count: count) { _ in start(epoch) }
    }

    /// All elements of one pass.
    public func collect() async throws -> [Element] {
        var elements: [Element] = []
        for try await element in self { elements.append(element) }
        return elements
    }

    public func makeAsyncIterator() -> Iterator {
        Iterator(pull: start(passes.next()))
    }

    /// One pass. Dropping it, or cancelling the task that reads, stops the background work.
    public struct Iterator: AsyncIteratorProtocol {
        private var pull: Pull?

        init(pull: @escaping Pull) { self.pull = pull }

        public mutating func next(
            isolation actor: isolated (any Actor)? = #isolation
        ) async throws -> Element? {
            guard let pull else { return nil }
            // Whatever the stages hold is let go at the end, and if they throw.
            self.pull = nil
            try Task.checkCancellation()
            let element = try await pull()
            if element != nil { self.pull = pull }
            return element
        }

        public mutating func next() async throws -> Element? {
            try await next(isolation: nil)
        }
    }
}

/// How many passes over a dataset have begun.
private final class PassCounter: Sendable {
    private let begun = Atomic<UInt64>(0)

    func next() -> UInt64 {
        begun.wrappingAdd(1, ordering: .relaxed).oldValue
    }
}
