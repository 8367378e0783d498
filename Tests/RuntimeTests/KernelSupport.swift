/// Memory for a routine under test, between guard words that show a write past either end.
final class Buffer {
    private static let guardCount = 64
    private static let guardWord = Float(bitPattern: 0x7FA5_A5A5)
    private let storage: UnsafeMutablePointer<Float>
    let count: Int

    init(count: Int, fill: Float = .nan) {
        self.count = count
        let total = count + 2 * Buffer.guardCount
        storage = .allocate(capacity: total)
        storage.initialize(repeating: Buffer.guardWord, count: total)
        pointer.update(repeating: fill, count: count)
    }

    convenience init(_ values: [Float]) {
        self.init(count: values.count)
        for (index, value) in values.enumerated() { pointer[index] = value }
    }

    deinit { storage.deallocate() }

    var pointer: UnsafeMutablePointer<Float> { storage + Buffer.guardCount }
    var reading: UnsafePointer<Float> { UnsafePointer(pointer) }
    var values: [Float] { Array(UnsafeBufferPointer(start: pointer, count: count)) }
    var doubles: [Double] { values.map(Double.init) }

    var guardsHold: Bool {
        let after = storage + Buffer.guardCount + count
        return (0..<Buffer.guardCount).allSatisfy {
            storage[$0].bitPattern == Buffer.guardWord.bitPattern
                && after[$0].bitPattern == Buffer.guardWord.bitPattern
        }
    }
}

/// Repeatable numbers for tests.
struct Sampler {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func float(_ range: ClosedRange<Float> = -1...1) -> Float {
        let unit = Float(next() >> 40) / Float(1 << 24)
        return range.lowerBound + (range.upperBound - range.lowerBound) * unit
    }

    mutating func floats(_ count: Int, _ range: ClosedRange<Float> = -1...1) -> [Float] {
        (0..<count).map { _ in float(range) }
    }

    mutating func bytes(_ count: Int, zeroOneIn n: UInt64) -> [UInt8] {
        (0..<count).map { _ in next() % n == 0 ? 0 : 1 }
    }

    mutating func integer(below bound: Int) -> Int { Int(next() % UInt64(bound)) }
}

/// The largest |a − b| / max(1, |b|); infinite where one is not a number and the other is, or
/// where the lengths differ.
func largestError(_ a: [Float], _ b: [Double]) -> Double {
    guard a.count == b.count else { return .infinity }
    var worst = 0.0
    for (x, y) in zip(a, b) {
        if x.isNaN && y.isNaN { continue }
        if x.isNaN || y.isNaN { return .infinity }
        if Double(x) == y { continue }
        worst = max(worst, abs(Double(x) - y) / max(1, abs(y)))
    }
    return worst
}
