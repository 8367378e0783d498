import MartletRuntime
import Testing

/// Philox4x32-10 as its paper gives it (Salmon et al., 2011), one counter at a time.
func philox(_ start: [UInt32], _ key: [UInt32]) -> [UInt32] {
    var c = start
    var k = key
    for _ in 0..<10 {
        let p0 = UInt64(c[0]) * 0xD251_1F53
        let p1 = UInt64(c[2]) * 0xCD9E_8D57
        c = [
            UInt32(p1 >> 32) ^ c[1] ^ k[0], UInt32(truncatingIfNeeded: p1),
            UInt32(p0 >> 32) ^ c[3] ^ k[1], UInt32(truncatingIfNeeded: p0),
        ]
        k = [k[0] &+ 0x9E37_79B9, k[1] &+ 0xBB67_AE85]
    }
    return c
}

/// The dropout factor of one element, by the rule as written.
func dropoutFactor(
    row: Int, column: Int, columns: Int, rate: Double, seed: UInt64, stream: UInt64, step: UInt64
) -> Float {
    var z = (seed ^ (stream &* 0x9E37_79B9_7F4A_7C15)) &+ 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    z ^= z >> 31
    let e = row * ((columns + 15) / 16 * 16) + column
    let block = UInt64(e / 64 * 8 + e % 16 % 8)
    let words = philox(
        [
            UInt32(truncatingIfNeeded: block), UInt32(block >> 32),
            UInt32(truncatingIfNeeded: step), UInt32(step >> 32),
        ], [UInt32(truncatingIfNeeded: z), UInt32(z >> 32)])
    let draw = (words[e / 16 % 4] >> (e % 16 >= 8 ? 16 : 0)) & 0xFFFF
    let threshold = UInt32((rate * 65536).rounded())
    return draw >= threshold ? Float(1 / (1 - rate)) : 0
}

@Suite struct KernelRandomTests {
    @Test func scalarPhiloxGivesThePublishedVectors() {
        #expect(
            philox([0, 0, 0, 0], [0, 0]) == [0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8])
        let ones = UInt32.max
        #expect(
            philox([ones, ones, ones, ones], [ones, ones])
                == [0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD])
        #expect(
            philox(
                [0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0x0370_7344], [0xA409_3822, 0x299F_31D0])
                == [0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1])
    }

    @Test(arguments: [1, 7, 16, 17, 32, 64, 65, 100, 256])
    func dropoutFollowsTheRule(columns: Int) {
        let rate = 0.3
        let rows = 7
        let firstRow = (1 << 33) + 5
        let step: UInt64 = 0x1_2345_6789
        let mask = DropoutMask(rate: rate, seed: 42, stream: 9, step: step)
        var sampler = Sampler(3)
        let x = Buffer(sampler.floats(rows * columns, 0.5...1))
        let y = Buffer(count: rows * columns)
        DropoutKernel.apply(
            mask, firstRow: firstRow, rows: rows, columns: columns, x: x.reading, y: y.pointer)
        for row in 0..<rows {
            for column in 0..<columns {
                let factor = dropoutFactor(
                    row: firstRow + row, column: column, columns: columns, rate: rate, seed: 42,
                    stream: 9, step: step)
                let index = row * columns + column
                #expect(y.values[index] == x.values[index] * factor)
            }
        }
        #expect(y.guardsHold)
    }

    @Test func theRateIsKept() {
        let rows = 1000
        let columns = 160
        let x = Buffer(count: rows * columns, fill: 1)
        for rate in [0.1, 0.5, 0.9] {
            let mask = DropoutMask(rate: rate, seed: 1, stream: 2, step: 3)
            let y = Buffer(count: rows * columns)
            DropoutKernel.apply(
                mask, firstRow: 0, rows: rows, columns: columns, x: x.reading, y: y.pointer)
            let dropped = Double(y.values.count { $0 == 0 }) / Double(rows * columns)
            #expect(abs(dropped - rate) < 0.005)
        }
    }

    @Test func extremeRatesKeepOrDropEverything() {
        let x = Buffer(count: 100, fill: 2)
        let y = Buffer(count: 100)
        for (rate, expected) in [(0.0, Float(2)), (1, 0), (-3, 2), (7, 0), (.nan, 2)] {
            let mask = DropoutMask(rate: rate, seed: 1, stream: 2, step: 3)
            DropoutKernel.apply(
                mask, firstRow: 0, rows: 1, columns: 100, x: x.reading, y: y.pointer)
            #expect(y.values.allSatisfy { $0 == expected })
        }
    }
}
