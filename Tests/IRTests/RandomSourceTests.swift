import MartletIR
import Testing

/// Random numbers for the host. Frozen values come from Tests/Goldens/philox.py.
@Suite struct RandomSourceTests {
    let source = RandomSource(seed: 5, stream: 6)

    @Test func frozenUniform() {
        let floats: [Float] = [
            0.25887519121170044, 0.25027137994766235, 0.6045844554901123, 0.46989357471466064,
            0.29738372564315796, 0.01880049705505371,
        ]
        #expect((0..<6).map { source.uniformFloat(at: $0) } == floats)
        let doubles = [0.25027138047359765, 0.01880049782278559, 0.41002589375981513]
        #expect((0..<3).map { source.uniformDouble(at: $0) } == doubles)
    }

    @Test func frozenNormal() {
        let expected = [
            -0.7454652677097594, 0.1427217284268245, -0.09520341972923842, 0.16998604881010937,
            0.15417417125701388, -1.0156690339205712,
        ]
        for (index, value) in expected.enumerated() {
            #expect(abs(source.normal(at: UInt64(index)) - value) < 1e-14)
        }
    }

    @Test func frozenPermutation() {
        #expect(source.permutation(count: 12) == [7, 4, 11, 3, 6, 5, 10, 2, 0, 9, 8, 1])
    }

    @Test func permutationHoldsEachOnce() {
        for count in [0, 1, 2, 1000] {
            #expect(source.permutation(count: count).sorted() == Array(0..<count))
        }
        let other = RandomSource(seed: 5, stream: 7).permutation(count: 1000)
        #expect(other != source.permutation(count: 1000))
    }

    @Test func everyOrderIsAsLikely() {
        var counts: [[Int]: Int] = [:]
        for stream in 0..<6000 {
            let order = RandomSource(seed: 1, stream: UInt64(stream)).permutation(count: 3)
            counts[order, default: 0] += 1
        }
        #expect(counts.count == 6)
        // 1000 each with a standard deviation of 29.
        #expect(counts.values.allSatisfy { abs($0 - 1000) < 150 })
    }

    @Test func fillsEqualIndexedNumbers() {
        let count = 101
        #expect(
            filled(count) { source.fillUniform($0) }
                == (0..<count).map { source.uniformFloat(at: UInt64($0)) })
        #expect(
            filled(count) { source.fillNormal($0, mean: 1, standardDeviation: 3) }
                == (0..<count).map { Float(1 + 3 * source.normal(at: UInt64($0))) })
        #expect(
            filled(count) { source.fillTruncatedNormal($0, mean: 1, standardDeviation: 3) }
                == (0..<count).map { Float(1 + 3 * source.truncatedNormal(at: UInt64($0))) })
    }

    @Test func moments() {
        let count = 200_000
        let uniform = moments(filled(count) { source.fillUniform($0, lower: -1, upper: 1) })
        #expect(abs(uniform.mean) < 0.01)
        #expect(abs(uniform.deviation - 0.57735) < 0.005)
        let normal = moments(filled(count) { source.fillNormal($0) })
        #expect(abs(normal.mean) < 0.01)
        #expect(abs(normal.deviation - 1) < 0.01)
        let truncated = filled(count) { source.fillTruncatedNormal($0) }
        #expect(truncated.allSatisfy { abs($0) <= 2 })
        #expect(abs(moments(truncated).mean) < 0.01)
        #expect(abs(moments(truncated).deviation - 0.87962) < 0.01)
    }

    @Test func uniformStaysBelowOne() {
        let values = filled(100_000) { source.fillUniform($0) }
        #expect(values.allSatisfy { $0 >= 0 && $0 < 1 })
        #expect((values.max() ?? 0) > 0.999)
    }

    @Test func sharesNothingWithElements() {
        let element = Philox4x32.block(
            counter: SIMD4(0, 0, 0, 0), key: Philox4x32.key(seed: 5, stream: 6))
        #expect(source.bits(at: 0) != element)
    }

    private func filled(
        _ count: Int, _ fill: (UnsafeMutableBufferPointer<Float>) -> Void
    ) -> [Float] {
        [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
            buffer.initialize(repeating: .nan)
            fill(UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
            initialized = count
        }
    }

    private func moments(_ values: [Float]) -> (mean: Double, deviation: Double) {
        let mean = values.reduce(0) { $0 + Double($1) } / Double(values.count)
        let squares = values.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
        return (mean, (squares / Double(values.count)).squareRoot())
    }
}
