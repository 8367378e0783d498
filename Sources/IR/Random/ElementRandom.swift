/// The random numbers of a tensor's elements at one step: the rule that the reference, the
/// interpreted plan and compiled code share, so that a dropout mask is recomputed in the backward
/// pass instead of stored, and is the same for any number of threads.
///
/// For element (row r, column c) of a tensor whose last dimension is `columns`:
///
///     e          = r · roundUp(columns, 16) + c
///     superblock = e / 64,  w = (e / 16) % 4,  i = e % 16
///     counter    = (low and high word of superblock · 8 + i % 8, low and high word of step)
///     key        = Philox4x32.key(seed, stream)
///     value16    = (word w of Philox4x32.block(counter, key) >> (i ≥ 8 ? 16 : 0)) & 0xFFFF
///
/// Eight counters thus give 64 elements, in the order in which vector code produces them, and a
/// row starts at a multiple of 16 whatever its length. A tensor of rank 0 counts as one row of one
/// column; the rows of a tensor of rank > 2 are all its leading dimensions flattened.
public struct ElementRandom: Sendable {
    public let key: SIMD2<UInt32>
    public let step: UInt64
    /// Elements from the start of one row to the start of the next: `columns` rounded up to 16.
    public let rowStride: UInt64

    /// - Parameters:
    ///   - seed: the seed of the run.
    ///   - stream: the number of the op within the graph, so that two ops never share numbers.
    ///   - step: the number of the training step.
    ///   - columns: the tensor's last dimension, in elements.
    @inlinable
    public init(seed: UInt64, stream: UInt64, step: UInt64, columns: Int) {
        key = Philox4x32.key(seed: seed, stream: stream)
        self.step = step
        rowStride = (UInt64(columns) + 15) & ~15
    }

    /// The 16 random bits of one element. Naive; `fillSuperblock` is the fast form.
    @inlinable
    public func value16(row: Int, column: Int) -> UInt16 {
        let element = UInt64(row) &* rowStride &+ UInt64(column)
        let superblock = element / 64
        let word = Int((element / 16) % 4)
        let lane = element % 16
        let block = superblock &* 8 &+ lane % 8
        let output = Philox4x32.block(
            counter: SIMD4(
                UInt32(truncatingIfNeeded: block), UInt32(truncatingIfNeeded: block >> 32),
                UInt32(truncatingIfNeeded: step), UInt32(truncatingIfNeeded: step >> 32)),
            key: key)
        return UInt16(truncatingIfNeeded: output[word] >> (lane >= 8 ? 16 : 0))
    }

    /// Writes the random bits of elements `superblock · 64 ..< superblock · 64 + 64`.
    @inlinable
    public func fillSuperblock(_ superblock: UInt64, into values: UnsafeMutablePointer<UInt16>) {
        let words = Philox4x32.eightBlocks(firstBlock: superblock &* 8, step: step, key: key)
        Self.store(words.0, at: values)
        Self.store(words.1, at: values + 16)
        Self.store(words.2, at: values + 32)
        Self.store(words.3, at: values + 48)
    }

    /// Writes the random bits of `columns` elements of one row, from its start.
    ///
    /// `values` must have room for `columns` elements.
    @inlinable
    public func fillRow(_ row: Int, columns: Int, into values: UnsafeMutablePointer<UInt16>) {
        let first = UInt64(row) &* rowStride
        withUnsafeTemporaryAllocation(of: UInt16.self, capacity: 64) { scratch in
            guard let buffer = scratch.baseAddress else { return }
            var column = 0
            while column < columns {
                let element = first &+ UInt64(column)
                let offset = Int(element % 64)
                let count = min(64 - offset, columns - column)
                if offset == 0 && count == 64 {
                    fillSuperblock(element / 64, into: values + column)
                } else {
                    fillSuperblock(element / 64, into: buffer)
                    (values + column).update(from: buffer + offset, count: count)
                }
                column += count
            }
        }
    }

    /// The number below which an element is dropped: `round(rate · 65536)`, halves away from zero.
    ///
    /// An element is kept if and only if its 16 bits are `>= threshold`, so that rate 0 keeps all
    /// and rate 1 none; the rate is met within 1/131072. Kept values are scaled by 1/(1 − rate).
    @inlinable
    public static func dropThreshold(rate: Double) -> UInt32 {
        UInt32((min(max(rate, 0), 1) * 65536).rounded(.toNearestOrAwayFromZero))
    }

    @inlinable @inline(__always)
    static func store(_ words: SIMD8<UInt64>, at values: UnsafeMutablePointer<UInt16>) {
        let low = SIMD8<UInt16>(truncatingIfNeeded: words)
        let high = SIMD8<UInt16>(truncatingIfNeeded: words &>> SIMD8(repeating: 16))
        let target = UnsafeMutableRawPointer(values)
        target.storeBytes(of: low, as: SIMD8<UInt16>.self)
        target.storeBytes(of: high, toByteOffset: 16, as: SIMD8<UInt16>.self)
    }
}
