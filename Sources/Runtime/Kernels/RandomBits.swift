import MartletIR

/// Which elements a dropout keeps, drawn by position: the same answer in any order, on any thread,
/// forward and backward, with nothing stored.
///
/// The rule is `ElementRandom`'s; this is its form for SSE2. An element is kept if its 16 bits reach
/// `round(rate · 65536)`, and a kept one is scaled by 1/(1 − rate).
///
/// Unchecked: reads the row indices it was given, which last as long as the run.
package struct DropoutMask: @unchecked Sendable {
    package let key: SIMD2<UInt32>
    package let step: UInt64
    /// A 16-bit draw below this is dropped; 65536 drops everything.
    package let threshold: Int32
    package let scale: Float
    /// Row r of the tensor draws the numbers of row `rowStride · r + rowOffset` (`RandomRows`).
    private let rowStride: Int
    private let rowOffset: Int
    /// Or that of row `rowIndices[r]`.
    private let rowIndices: UnsafePointer<Int32>?

    /// `rate` is brought into 0…1 (not-a-number counts as 0).
    package init(
        rate: Double, seed: UInt64, stream: UInt64, step: UInt64, rowStride: Int = 1,
        rowOffset: Int = 0, rowIndices: UnsafePointer<Int32>? = nil
    ) {
        self.rowIndices = rowIndices
        self.rowStride = rowStride
        self.rowOffset = rowOffset
        let bounded = rate > 0 ? min(rate, 1) : 0
        key = Philox4x32.key(seed: seed, stream: stream)
        self.step = step
        threshold = Int32(truncatingIfNeeded: ElementRandom.dropThreshold(rate: bounded))
        scale = bounded < 1 ? Float(1 / (1 - bounded)) : 0
    }

    /// Positions from one row to the next.
    package static func rowPitch(columns: Int) -> Int { (columns &+ 15) & ~15 }

    /// The position of a row's first element.
    @inline(__always)
    package func position(ofRow row: Int, pitch: Int) -> Int {
        if let rowIndices { return Int(rowIndices[row]) &* pitch }
        return RandomRows.row(row, stride: rowStride, offset: rowOffset) &* pitch
    }

    /// The four times sixteen factors (0 or `scale`) of one superblock go to `factors[0..<64]`.
    @inline(__always)
    func superblock(_ index: UInt64, into factors: UnsafeMutablePointer<Float>) {
        let low = PhiloxLanes(block: index &* 8, step: step, key: key)
        let high = PhiloxLanes(block: index &* 8 &+ 4, step: step, key: key)
        store(PhiloxLanes.words(low.c0, high.c0), factors)
        store(PhiloxLanes.words(low.c1, high.c1), factors + 16)
        store(PhiloxLanes.words(low.c2, high.c2), factors + 32)
        store(PhiloxLanes.words(low.c3, high.c3), factors + 48)
    }

    @inline(__always)
    func store(_ words: SIMD8<UInt32>, _ factors: UnsafeMutablePointer<Float>) {
        store8(factor(of: words & 0xFFFF), factors)
        store8(factor(of: words &>> 16), factors + 8)
    }

    @inline(__always)
    func factor(of draws: SIMD8<UInt32>) -> Float8 {
        // The sign of (threshold − 1 − draw), spread over the lane: a comparison without a loop.
        let signed = unsafeBitCast(draws, to: SIMD8<Int32>.self)
        let kept = (SIMD8<Int32>(repeating: threshold &- 1) &- signed) &>> 31
        let bits = unsafeBitCast(kept, to: SIMD8<UInt32>.self) & SIMD8(repeating: scale.bitPattern)
        return unsafeBitCast(bits, to: Float8.self)
    }
}

/// Four Philox4x32-10 counters side by side, each word in the low half of a 64-bit lane: the one
/// layout in which SSE2 multiplies 32 by 32 bits without shuffling. The high halves hold rubbish.
struct PhiloxLanes {
    var c0: SIMD4<UInt64>
    var c1: SIMD4<UInt64>
    var c2: SIMD4<UInt64>
    var c3: SIMD4<UInt64>

    /// Counters `block … block + 3` of `step`, ten rounds on. `block` is a multiple of 4.
    @inline(__always)
    init(block: UInt64, step: UInt64, key: SIMD2<UInt32>) {
        c0 = SIMD4(repeating: block) &+ SIMD4(0, 1, 2, 3)
        c1 = SIMD4(repeating: block &>> 32)
        c2 = SIMD4(repeating: step)
        c3 = SIMD4(repeating: step &>> 32)
        var k0 = key.x
        var k1 = key.y
        for _ in 0..<10 {
            round(UInt64(k0), UInt64(k1))
            k0 &+= 0x9E37_79B9
            k1 &+= 0xBB67_AE85
        }
    }

    @inline(__always)
    mutating func round(_ k0: UInt64, _ k1: UInt64) {
        let mask = SIMD4<UInt64>(repeating: 0xFFFF_FFFF)
        let p0 = (c0 & mask) &* SIMD4(repeating: 0xD251_1F53)
        let p1 = (c2 & mask) &* SIMD4(repeating: 0xCD9E_8D57)
        c0 = (p1 &>> 32) ^ c1 ^ SIMD4(repeating: k0)
        c1 = p1
        c2 = (p0 &>> 32) ^ c3 ^ SIMD4(repeating: k1)
        c3 = p0
    }

    /// The low halves of eight lanes.
    @inline(__always)
    static func words(_ a: SIMD4<UInt64>, _ b: SIMD4<UInt64>) -> SIMD8<UInt32> {
        let first = unsafeBitCast(a, to: SIMD8<UInt32>.self).evenHalf
        let second = unsafeBitCast(b, to: SIMD8<UInt32>.self).evenHalf
        return SIMD8(lowHalf: first, highHalf: second)
    }
}
