/// Philox4x32-10, the counter-based generator of every random number in Martlet: a pure function
/// from a 128-bit counter and a 64-bit key to 128 random bits.
///
/// Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011; the results equal
/// those of the authors' Random123 library.
public enum Philox4x32 {
    @usableFromInline static let multiplier0: UInt32 = 0xD251_1F53
    @usableFromInline static let multiplier1: UInt32 = 0xCD9E_8D57
    @usableFromInline static let weyl0: UInt32 = 0x9E37_79B9
    @usableFromInline static let weyl1: UInt32 = 0xBB67_AE85

    /// The four output words of `counter` under `key`.
    @inlinable
    public static func block(
        counter: SIMD4<UInt32>, key: SIMD2<UInt32>
    ) -> SIMD4<UInt32> {
        var (c0, c1, c2, c3) = (counter[0], counter[1], counter[2], counter[3])
        var (k0, k1) = (key[0], key[1])
        for _ in 0..<10 {
            let product0 = UInt64(c0) &* UInt64(multiplier0)
            let product1 = UInt64(c2) &* UInt64(multiplier1)
            c0 = UInt32(truncatingIfNeeded: product1 >> 32) ^ c1 ^ k0
            c2 = UInt32(truncatingIfNeeded: product0 >> 32) ^ c3 ^ k1
            c1 = UInt32(truncatingIfNeeded: product1)
            c3 = UInt32(truncatingIfNeeded: product0)
            k0 &+= weyl0
            k1 &+= weyl1
        }
        return SIMD4(c0, c1, c2, c3)
    }

    /// Four output words for each of eight counters whose first two words are the 64-bit numbers
    /// `firstBlock ..< firstBlock + 8` and whose last two are `step`.
    ///
    /// Lane b of result w is word w of counter b, in its low 32 bits. Lanes are 64 bits wide so
    /// that a round's two products are one widening multiplication each; what is left above bit 31
    /// is masked off where it would matter.
    @inlinable
    static func eightBlocks(
        firstBlock: UInt64, step: UInt64, key: SIMD2<UInt32>
    ) -> (SIMD8<UInt64>, SIMD8<UInt64>, SIMD8<UInt64>, SIMD8<UInt64>) {
        let mask = SIMD8<UInt64>(repeating: 0xFFFF_FFFF)
        let m0 = SIMD8<UInt64>(repeating: UInt64(multiplier0))
        let m1 = SIMD8<UInt64>(repeating: UInt64(multiplier1))
        let shift = SIMD8<UInt64>(repeating: 32)
        let block = SIMD8<UInt64>(repeating: firstBlock) &+ SIMD8(0, 1, 2, 3, 4, 5, 6, 7)
        var c0 = block
        var c1 = block &>> shift
        var c2 = SIMD8<UInt64>(repeating: step)
        var c3 = SIMD8<UInt64>(repeating: step >> 32)
        var (k0, k1) = (key[0], key[1])
        for _ in 0..<10 {
            let product0 = (c0 & mask) &* m0
            let product1 = (c2 & mask) &* m1
            c0 = (product1 &>> shift) ^ c1 ^ SIMD8(repeating: UInt64(k0))
            c2 = (product0 &>> shift) ^ c3 ^ SIMD8(repeating: UInt64(k1))
            c1 = product1
            c3 = product0
            k0 &+= weyl0
            k1 &+= weyl1
        }
        return (c0 & mask, c1 & mask, c2 & mask, c3 & mask)
    }

    /// The key of a stream of random numbers: the words (low, high) of
    /// `splitMix64(seed ^ (stream &* 0x9E3779B97F4A7C15))`.
    @inlinable
    public static func key(seed: UInt64, stream: UInt64) -> SIMD2<UInt32> {
        let mixed = splitMix64(seed ^ (stream &* 0x9E37_79B9_7F4A_7C15))
        return SIMD2(UInt32(truncatingIfNeeded: mixed), UInt32(truncatingIfNeeded: mixed >> 32))
    }

    /// The SplitMix64 step: adds the golden gamma, then finalises (Steele, Lea, Flood, 2014).
    @inlinable
    public static func splitMix64(_ value: UInt64) -> UInt64 {
        var z = value &+ 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
