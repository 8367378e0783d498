/// Philox4x32-10 (Salmon et al., 2011), eight counters at a time in 64-bit lanes, where one
/// multiplication gives both halves of the product.
package struct Philox {
    /// Round keys, splatted.
    private let keys: [(Value, Value)]
    private let builder: LoopBuilder

    /// `key` is 64 bits: its low half is the first key word.
    package init(key: Value, builder: LoopBuilder) {
        self.builder = builder
        var (low, high) = (key & 0xFFFF_FFFF, key >> 32)
        var keys: [(Value, Value)] = []
        for _ in 0..<10 {
            keys.append((low.splat(8), high.splat(8)))
            low = (low + 0x9E37_79B9) & 0xFFFF_FFFF
            high = (high + 0xBB67_AE85) & 0xFFFF_FFFF
        }
        self.keys = keys
    }

    /// The four words of the blocks `firstBlock + 0…7`, each in the low half of a 64-bit lane.
    package func words(firstBlock: Value, step: Value) -> [Value] {
        let lane = builder.emit(.laneIndices, ValueType(.int64, lanes: 8))
        let block = firstBlock.splat(8) + lane
        var c0 = block
        var c1 = block >> 32
        var c2 = step.splat(8)
        var c3 = (step >> 32).splat(8)
        for (k0, k1) in keys {
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
