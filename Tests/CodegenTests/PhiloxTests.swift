import MartletCodegen
import Testing

@Suite struct PhiloxTests {
    /// Known answers of Random123 (`kat_vectors`, philox4x32 10).
    @Test(arguments: Backend.allCases)
    func matchesRandom123(backend: Backend) throws {
        let k = LoopBuilder("philox")
        let y = k.output("y", .int64)
        let philox = Philox(key: k.parameter("key"), builder: k)
        let words = philox.words(
            firstBlock: k.parameter("block"), step: k.parameter("step"), lanes: 8)
        for (index, word) in words.enumerated() { (y + 8 * index).store(word) }
        let function = try k.finish()

        func firstBlock(_ parameters: [Int64]) throws -> [UInt32] {
            let arrays = Arrays()
            arrays.add([Int64](repeating: 0, count: 32))
            try arrays.run(function, on: backend, parameters: parameters)
            return arrays.integers(0).enumerated()
                .filter { $0.offset % 8 == 0 }.map { UInt32($0.element) }
        }
        #expect(
            try firstBlock([0, 0, 0]) == [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8])
        #expect(
            try firstBlock([-1, -1, -1])
                == [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd])
    }

    /// The kernel's factors against the element rule, written down naively.
    @Test(arguments: Backend.allCases)
    func dropoutFollowsTheElementRule(backend: Backend) throws {
        let (rows, columns, rate) = (5, 37, 0.3)
        let k = LoopBuilder("factors")
        let y = k.output("y")
        let mask = DropoutMask(rate: rate, builder: k, isa: backend.isa)
        let groups = DropoutMask.groupCount(columns: k.constant(columns))
        let scratch = k.scratch("factors", count: DropoutMask.scratchCount(groupCount: 3))
        k.loop(rows) { row in
            let factors = mask.fill(scratch, firstGroup: row * groups, groupCount: groups)
            k.loop(columns) { column in
                (y + row * columns + column).store((factors + column).load())
            }
        }
        let (seed, stream, step): (Int64, Int64, Int64) = (1234, 7, 1 << 33 + 5)
        let arrays = Arrays()
        arrays.add([Float](repeating: 0, count: rows * columns))
        try arrays.run(k.finish(), on: backend, parameters: [seed, stream, step])
        let dropout = ReferenceDropout(seed: seed, stream: stream, step: step, rate: rate)
        let expected = (0..<rows * columns).map {
            dropout.factor(row: $0 / columns, column: $0 % columns, columns: columns)
        }
        #expect(arrays.floats(0) == expected.map { Float($0) })
        #expect(Set(expected).count == 2)
    }
}

/// The dropout rule, element by element.
struct ReferenceDropout {
    var seed: Int64
    var stream: Int64
    var step: Int64
    var rate: Double

    func factor(row: Int, column: Int, columns: Int) -> Double {
        let element = row * ((columns + 15) / 16 * 16) + column
        let (superblock, word, lane) = (element / 64, (element / 16) % 4, element % 16)
        let block = UInt64(superblock * 8 + lane % 8)
        let bits = philox(block: block)[word] >> (lane >= 8 ? 16 : 0) & 0xFFFF
        return Int(bits) >= Int((rate * 65536).rounded()) ? 1 / (1 - rate) : 0
    }

    private func philox(block: UInt64) -> [UInt32] {
        let step = UInt64(bitPattern: step)
        var counter = [block, block >> 32, step, step >> 32].map {
            UInt32(truncatingIfNeeded: $0)
        }
        var (k0, k1) = (UInt32(truncatingIfNeeded: key), UInt32(key >> 32))
        for _ in 0..<10 {
            let p0 = UInt64(counter[0]) * 0xD251_1F53
            let p1 = UInt64(counter[2]) * 0xCD9E_8D57
            counter = [
                UInt32(p1 >> 32) ^ counter[1] ^ k0, UInt32(truncatingIfNeeded: p1),
                UInt32(p0 >> 32) ^ counter[3] ^ k1, UInt32(truncatingIfNeeded: p0),
            ]
            k0 &+= 0x9E37_79B9
            k1 &+= 0xBB67_AE85
        }
        return counter
    }

    private var key: UInt64 {
        let golden: UInt64 = 0x9E37_79B9_7F4A_7C15
        var z = (UInt64(bitPattern: seed) ^ (UInt64(bitPattern: stream) &* golden)) &+ golden
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
