import MartletIR
import Testing

/// Random numbers of tensor elements. Frozen values come from Tests/Goldens/philox.py.
@Suite struct RandomElementTests {
    /// The known-answer vectors published with Random123 (kat_vectors, philox4x32 10).
    @Test(arguments: [
        (
            SIMD4<UInt32>(0, 0, 0, 0), SIMD2<UInt32>(0, 0),
            SIMD4<UInt32>(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8)
        ),
        (
            SIMD4<UInt32>(repeating: .max), SIMD2<UInt32>(repeating: .max),
            SIMD4<UInt32>(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd)
        ),
        (
            SIMD4<UInt32>(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344),
            SIMD2<UInt32>(0xa409_3822, 0x299f_31d0),
            SIMD4<UInt32>(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1)
        ),
    ])
    func publishedVectors(
        counter: SIMD4<UInt32>, key: SIMD2<UInt32>, expected: SIMD4<UInt32>
    ) {
        #expect(Philox4x32.block(counter: counter, key: key) == expected)
    }

    @Test func splitMix64() {
        #expect(Philox4x32.splitMix64(0) == 0xe220_a839_7b1d_cdaf)
        #expect(Philox4x32.splitMix64(42) == 0xbdd7_3226_2feb_6e95)
        #expect(Philox4x32.splitMix64(.max) == 0xe4d9_7177_1b65_2c20)
    }

    struct Golden: Sendable {
        var seed, stream, step: UInt64
        var columns, row, column: Int
        var value: UInt16

        init(
            _ seed: UInt64, _ stream: UInt64, _ step: UInt64, _ columns: Int, _ row: Int,
            _ column: Int, _ value: UInt16
        ) {
            (self.seed, self.stream, self.step) = (seed, stream, step)
            (self.columns, self.row, self.column, self.value) = (columns, row, column, value)
        }
    }

    @Test(arguments: [
        Golden(0, 0, 0, 32, 0, 0, 0x9636), Golden(0, 0, 0, 32, 0, 8, 0xa9e3),
        Golden(1, 2, 3, 32, 1, 31, 0x5557), Golden(42, 7, 1000, 20, 5, 19, 0x76d9),
        Golden(42, 7, 1000, 1, 65, 0, 0x5809),
        Golden(0x1234_5678_9abc_def0, 12, 1 << 33, 768, 1023, 767, 0xa6e0),
        Golden(9, 1, 4, 3072, 99_000_000, 3000, 0x9dce),
        Golden(.max, .max, .max, 64, 3, 40, 0x9661),
    ])
    func elementRule(golden: Golden) {
        let random = ElementRandom(
            seed: golden.seed, stream: golden.stream, step: golden.step, columns: golden.columns)
        #expect(random.value16(row: golden.row, column: golden.column) == golden.value)
    }

    @Test(arguments: [1, 7, 15, 16, 17, 20, 32, 48, 63, 64, 65, 100, 768])
    func rowsEqualElements(columns: Int) {
        let random = ElementRandom(seed: 3, stream: 4, step: 1 << 40, columns: columns)
        var values = [UInt16](repeating: 0, count: columns + 1)
        for row in [0, 1, 2, 3, 5, 1_000_000_007] {
            values[columns] = 0xABCD
            values.withUnsafeMutableBufferPointer { buffer in
                if let base = buffer.baseAddress {
                    random.fillRow(row, columns: columns, into: base)
                }
            }
            let expected = (0..<columns).map { random.value16(row: row, column: $0) }
            #expect(Array(values[..<columns]) == expected)
            #expect(values[columns] == 0xABCD, "wrote past the row")
        }
    }

    @Test func superblockBeyond32Bits() {
        let random = ElementRandom(seed: 3, stream: 4, step: 5, columns: 64)
        var values = [UInt16](repeating: 0, count: 64)
        let superblock: UInt64 = 1 << 30 - 1  // its counters cross 2³²
        values.withUnsafeMutableBufferPointer { buffer in
            if let base = buffer.baseAddress { random.fillSuperblock(superblock, into: base) }
        }
        let expected = (0..<64).map { random.value16(row: Int(superblock), column: $0) }
        #expect(values == expected)
    }

    @Test func dropThreshold() {
        #expect(ElementRandom.dropThreshold(rate: 0) == 0)
        #expect(ElementRandom.dropThreshold(rate: 0.1) == 6554)
        #expect(ElementRandom.dropThreshold(rate: 0.5) == 32768)
        #expect(ElementRandom.dropThreshold(rate: 1) == 65536)
    }

    @Test func rateIsMet() {
        let random = ElementRandom(seed: 11, stream: 1, step: 2, columns: 640)
        let threshold = ElementRandom.dropThreshold(rate: 0.1)
        var row = [UInt16](repeating: 0, count: 640)
        var dropped = 0
        for index in 0..<1000 {
            row.withUnsafeMutableBufferPointer { buffer in
                if let base = buffer.baseAddress {
                    random.fillRow(index, columns: 640, into: base)
                }
            }
            dropped += row.count { UInt32($0) < threshold }
        }
        // 64,000 of 640,000 with a standard deviation of 240.
        #expect(abs(dropped - 64_003) < 1000)
    }

    @Test func seedStreamAndStepAllMatter() {
        let variants = [
            ElementRandom(seed: 1, stream: 1, step: 1, columns: 64),
            ElementRandom(seed: 2, stream: 1, step: 1, columns: 64),
            ElementRandom(seed: 1, stream: 2, step: 1, columns: 64),
            ElementRandom(seed: 1, stream: 1, step: 2, columns: 64),
        ]
        let rows = variants.map { random in
            (0..<64).map { random.value16(row: 0, column: $0) }
        }
        #expect(Set(rows).count == variants.count)
    }
}
