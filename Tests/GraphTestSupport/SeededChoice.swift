import MartletIR

/// Draws from one seed, one after another: the same seed makes the same choices everywhere.
package struct SeededChoice: Sendable {
    private let source: RandomSource
    private var drawn: UInt64 = 0

    package init(seed: UInt64, stream: UInt64 = 0) {
        source = RandomSource(seed: seed, stream: stream)
    }

    package mutating func below(_ count: Int) -> Int {
        drawn += 1
        return source.integer(at: drawn, below: max(count, 1))
    }

    /// True once in `count` times.
    package mutating func oneIn(_ count: Int) -> Bool { below(count) == 0 }

    package mutating func of<Element>(_ elements: [Element]) -> Element {
        elements[below(elements.count)]
    }

    package mutating func number(in range: ClosedRange<Double>) -> Double {
        drawn += 1
        let unit = source.uniformDouble(at: drawn)
        return range.lowerBound + (range.upperBound - range.lowerBound) * unit
    }

    package mutating func shuffled<Element>(_ elements: [Element]) -> [Element] {
        var result = elements
        for last in stride(from: result.count - 1, to: 0, by: -1) {
            result.swapAt(last, below(last + 1))
        }
        return result
    }
}
