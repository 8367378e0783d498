/// Philox4x32-10 (Salmon et al., 2011), many counters at a time in 64-bit lanes, where one
/// multiplication gives both halves of the product.
package struct Philox {
    private static let roundCount = 10

    /// The key pairs of the rounds. They lie in memory, for the multiplications to read as operands:
    /// twenty vectors more would leave no registers.
    private let keys: Pointer
    private let builder: LoopBuilder

    /// `key` is 64 bits: its low half is the first key word.
    package init(key: Value, builder: LoopBuilder) {
        self.builder = builder
        keys = builder.scratch("philoxKeys", .int64, count: 2 * Philox.roundCount)
        var (low, high) = (key & 0xFFFF_FFFF, key >> 32)
        for round in 0..<Philox.roundCount {
            (keys + 2 * round).store(low)
            (keys + (2 * round + 1)).store(high)
            low = (low + 0x9E37_79B9) & 0xFFFF_FFFF
            high = (high + 0xBB67_AE85) & 0xFFFF_FFFF
        }
    }

    /// The four words of the blocks `firstBlock + 0 ..< lanes`, each in the low half of a 64-bit lane.
    package func words(firstBlock: Value, step: Value, lanes: Int) -> [Value] {
        let lane = builder.emit(.laneIndices, ValueType(.int64, lanes: lanes))
        let block = firstBlock.splat(lanes) + lane
        var c0 = block
        var c1 = block >> 32
        var c2 = step.splat(lanes)
        var c3 = (step >> 32).splat(lanes)
        for round in 0..<Philox.roundCount {
            let k0 = (keys + 2 * round).load().splat(lanes)
            let k1 = (keys + (2 * round + 1)).load().splat(lanes)
            // Only the low halves count. Cutting them off right here shows the backend that one
            // 32-bit multiplication will do.
            let p0 = (c0 & 0xFFFF_FFFF) * 0xD251_1F53
            let p1 = (c2 & 0xFFFF_FFFF) * 0xCD9E_8D57
            c0 = (p1 >> 32) ^ c1 ^ k0
            c2 = (p0 >> 32) ^ c3 ^ k1
            (c1, c3) = (p1, p0)
        }
        return [c0, c1, c2, c3].map { $0 & 0xFFFF_FFFF }
    }

    /// Key of one random stream: splitmix64 of the seed and the stream's number.
    static func key(seed: Value, stream: Value) -> Value {
        let golden = Int(bitPattern: 0x9E37_79B9_7F4A_7C15)
        var z = (seed ^ (stream * golden)) + golden
        z = (z ^ (z >> 30)) * Int(bitPattern: 0xBF58_476D_1CE4_E5B9)
        z = (z ^ (z >> 27)) * Int(bitPattern: 0x94D0_49BB_1331_11EB)
        return z ^ (z >> 31)
    }
}
