import Testing

/// The SplitMix64 generator (Steele, Lea and Flood, 2014): one seed, the same values everywhere.
package struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// A number in [0, 1).
    package mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// A number in the range.
    package mutating func uniform(in range: Range<Double>) -> Double {
        range.lowerBound + uniform() * (range.upperBound - range.lowerBound)
    }

    /// A number that is nearly normal (the sum of twelve uniform ones), within ±6.
    package mutating func normal() -> Double {
        var sum = -6.0
        for _ in 0..<12 { sum += uniform() }
        return sum
    }

    /// Nearly normal numbers, as many as the shape holds.
    package mutating func normals(_ shape: [Int], scale: Double = 1) -> [Float] {
        (0..<shape.reduce(1, *)).map { _ in Float(normal() * scale) }
    }

    package mutating func integer(in range: Range<Int>) -> Int {
        Int.random(in: range, using: &self)
    }

    package mutating func bool(probability: Double = 0.5) -> Bool { uniform() < probability }

    package mutating func element<Element>(of elements: [Element]) -> Element {
        elements[integer(in: 0..<elements.count)]
    }
}

package enum RandomSeed {
    /// The seed whose body `withEvery(seed:)` is running.
    @TaskLocal package static var current: UInt64?
}

/// Runs the body once for each seed, with a generator of that seed.
///
/// A thrown error is recorded with its seed, and the seeds after it still run. `expectClose` names
/// the seed by itself; give the test the trait `.reportingSeed` so that `#expect` does too.
package func withEvery(
    seed seeds: Range<UInt64>, sourceLocation: SourceLocation = #_sourceLocation,
    _ body: (inout SplitMix64) throws -> Void
) {
    for seed in seeds {
        RandomSeed.$current.withValue(seed) {
            var random = SplitMix64(seed: seed)
            do {
                try body(&random)
            } catch {
                Issue.record(error, "seed \(seed)", sourceLocation: sourceLocation)
            }
        }
    }
}

/// Runs the body once for each seed, with a generator of that seed.
package func withEvery(
    seed seeds: Range<UInt64>, sourceLocation: SourceLocation = #_sourceLocation,
    _ body: (inout SplitMix64) async throws -> Void
) async {
    for seed in seeds {
        await RandomSeed.$current.withValue(seed) {
            var random = SplitMix64(seed: seed)
            do {
                try await body(&random)
            } catch {
                Issue.record(error, "seed \(seed)", sourceLocation: sourceLocation)
            }
        }
    }
}

extension Trait where Self == IssueHandlingTrait {
    /// Adds the seed that `withEvery(seed:)` is at to every issue of the test.
    package static var reportingSeed: Self {
        .compactMapIssues { issue in
            guard let seed = RandomSeed.current else { return issue }
            var issue = issue
            issue.comments.append("seed \(seed)")
            return issue
        }
    }
}
