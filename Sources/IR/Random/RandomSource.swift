#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Random numbers for the host: initial weights, shuffling. A number is a pure function of
/// (seed, stream, index): nothing is drawn "next", so any part can be computed anywhere, in any
/// order, by any number of threads, with the same result.
///
/// The counter's upper half is a step that training never reaches, so a `RandomSource` never
/// repeats the numbers of an `ElementRandom` of the same seed and stream.
public struct RandomSource: Sendable, Hashable {
    public let seed: UInt64
    public let stream: UInt64
    private let key: SIMD2<UInt32>

    /// - Parameters:
    ///   - seed: the seed of the run.
    ///   - stream: what the numbers are for: different streams of one seed are independent.
    public init(seed: UInt64, stream: UInt64) {
        self.seed = seed
        self.stream = stream
        key = Philox4x32.key(seed: seed, stream: stream)
    }

    /// 128 random bits. `attempt` tells apart further draws for the same index.
    public func bits(at index: UInt64, attempt: UInt32 = 0) -> SIMD4<UInt32> {
        Philox4x32.block(
            counter: SIMD4(
                UInt32(truncatingIfNeeded: index), UInt32(truncatingIfNeeded: index >> 32),
                ~attempt, .max),
            key: key)
    }

    /// 64 random bits.
    public func bits64(at index: UInt64, attempt: UInt32 = 0) -> UInt64 {
        let block = bits(at: index, attempt: attempt)
        return UInt64(block[1]) << 32 | UInt64(block[0])
    }

    /// A multiple of 2⁻²⁴ in [0, 1).
    public func uniformFloat(at index: UInt64) -> Float {
        Self.unitFloat(bits(at: index / 4)[Int(index % 4)])
    }

    /// A multiple of 2⁻⁵³ in [0, 1).
    public func uniformDouble(at index: UInt64) -> Double {
        Self.unitDouble(bits64(at: index))
    }

    /// An integer in `0 ..< bound`; no value is likelier than another by more than bound · 2⁻⁶⁴.
    ///
    /// - Precondition: `bound > 0`.
    public func integer(at index: UInt64, below bound: Int) -> Int {
        Int(bits64(at: index).multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// A number of the normal distribution with mean 0 and standard deviation 1 (Box–Muller,
    /// computed in double precision; numbers 2k and 2k + 1 share one draw).
    public func normal(at index: UInt64) -> Double {
        let pair = Self.boxMuller(bits(at: index / 2))
        return index.isMultiple(of: 2) ? pair.0 : pair.1
    }

    /// A number of the standard normal distribution, redrawn while it lies outside [−2, 2], as
    /// Keras's `TruncatedNormal` does. Its standard deviation is 0.8796, not 1.
    public func truncatedNormal(at index: UInt64) -> Double {
        var attempt: UInt32 = 0
        while true {
            let pair = Self.boxMuller(bits(at: index, attempt: attempt))
            if abs(pair.0) <= 2 { return pair.0 }
            if abs(pair.1) <= 2 { return pair.1 }
            attempt += 1
        }
    }

    /// Fills with numbers in [lower, upper): element i comes from `uniformFloat(at: i)`.
    public func fillUniform(
        _ target: UnsafeMutableBufferPointer<Float>, lower: Float = 0, upper: Float = 1
    ) {
        var index = 0
        while index < target.count {
            let block = bits(at: UInt64(index / 4))
            for lane in 0..<min(4, target.count - index) {
                target[index + lane] = lower + (upper - lower) * Self.unitFloat(block[lane])
            }
            index += 4
        }
    }

    /// Fills with mean + standardDeviation · `normal(at: i)`.
    public func fillNormal(
        _ target: UnsafeMutableBufferPointer<Float>,
        mean: Double = 0, standardDeviation: Double = 1
    ) {
        var index = 0
        while index < target.count {
            let pair = Self.boxMuller(bits(at: UInt64(index / 2)))
            target[index] = Float(mean + standardDeviation * pair.0)
            if index + 1 < target.count {
                target[index + 1] = Float(mean + standardDeviation * pair.1)
            }
            index += 2
        }
    }

    /// Fills with mean + standardDeviation · `truncatedNormal(at: i)`.
    public func fillTruncatedNormal(
        _ target: UnsafeMutableBufferPointer<Float>,
        mean: Double = 0, standardDeviation: Double = 1
    ) {
        for index in target.indices {
            target[index] = Float(
                mean + standardDeviation * truncatedNormal(at: UInt64(index)))
        }
    }

    /// The numbers `0 ..< count` in random order (Fisher–Yates).
    public func permutation(count: Int) -> [Int] {
        var order = Array(0..<count)
        shuffle(&order)
        return order
    }

    /// Puts the elements in random order. The order depends on seed, stream and count only, so
    /// another epoch takes another stream.
    public func shuffle<Element>(_ elements: inout [Element]) {
        guard elements.count > 1 else { return }
        for last in stride(from: elements.count - 1, to: 0, by: -1) {
            elements.swapAt(last, integer(at: UInt64(last), below: last + 1))
        }
    }

    private static func unitFloat(_ word: UInt32) -> Float {
        Float(word >> 8) * 0x1p-24
    }

    private static func unitDouble(_ word: UInt64) -> Double {
        Double(word >> 11) * 0x1p-53
    }

    private static func boxMuller(_ block: SIMD4<UInt32>) -> (Double, Double) {
        // 1 − u lies in (0, 1], so that the logarithm is finite.
        let u = 1 - unitDouble(UInt64(block[1]) << 32 | UInt64(block[0]))
        let angle = 2 * Double.pi * unitDouble(UInt64(block[3]) << 32 | UInt64(block[2]))
        let radius = (-2 * log(u)).squareRoot()
        return (radius * cos(angle), radius * sin(angle))
    }
}
