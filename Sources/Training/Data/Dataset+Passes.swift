import Synchronization

extension Dataset {
    /// The elements `times` times over, or for ever. Each repetition is a pass of its own, so a
    /// shuffle before this stage orders each anew. Without elements it ends.
    ///
    /// - Throws: ``DatasetError`` if `times` is negative.
    public func repeated(_ times: Int? = nil) throws(DatasetError) -> Dataset {
        if let times {
            try DatasetError.require(times, atLeast: 0, "the number of repetitions")
        }
        let start = start
        return Dataset(count: Self.count(count, times: times)) { epoch in
            // Repetitions within passes are numbered on: 0…n-1 in pass 0, n… in pass 1.
            let first = epoch &* UInt64(times ?? 1 << 32)
            var repetition: UInt64 = 0
            var pull: Pull?
            var isEmpty = true
            return {
                while repetition < times.map(UInt64.init) ?? .max {
                    let current = pull ?? start(first &+ repetition)
                    if let element = try await current() {
                        pull = current
                        isEmpty = false
                        return element
                    }
                    if isEmpty { return nil }
                    pull = nil
                    isEmpty = true
                    repetition += 1
                }
                return nil
            }
        }
    }

    private static func count(_ count: Int?, times: Int?) -> Int? {
        if count == 0 { return 0 }
        guard let count, let times else { return nil }
        let (product, overflow) = count.multipliedReportingOverflow(by: times)
        return overflow ? nil : product
    }

    /// The elements kept in memory: the stages before this one run in the first whole pass
    /// only, and later passes repeat its elements in its order. A pass that is not read to the
    /// end keeps nothing.
    public func cached() -> Dataset {
        let start = start
        let cache = Cache<Element>()
        return Dataset(count: count) { epoch in
            if let elements = cache.elements {
                var index = 0
                return {
                    guard index < elements.count else { return nil }
                    defer { index += 1 }
                    return elements[index]
                }
            }
            let pull = start(epoch)
            var read: [Element] = []
            return {
                guard let element = try await pull() else {
                    cache.keep(read)
                    return nil
                }
                read.append(element)
                return element
            }
        }
    }
}

/// The elements of the first whole pass.
private final class Cache<Element: Sendable>: Sendable {
    private let kept = Mutex<[Element]?>(nil)

    var elements: [Element]? { kept.withLock { $0 } }

    func keep(_ elements: [Element]) {
        kept.withLock { if $0 == nil { $0 = elements } }
    }
}
