import MartletCodegen
import Testing

@Suite struct BFloat16Tests {
    /// The nearest bfloat16, ties to even.
    private func rounded(_ x: Float) -> Float {
        let bits = x.bitPattern
        return Float(bitPattern: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) & 0xFFFF_0000)
    }

    @Test(arguments: [(5, 7, 9), (13, 70, 33), (24, 64, 64), (6, 20, 71)], Backend.allCases)
    func multiplies(_ shape: (Int, Int, Int), _ backend: Backend) throws {
        let (m, n, depth) = shape
        var generator = Generator(UInt64(m))
        let left = generator.floats(m * depth)
        let right = generator.floats(depth * n)
        let expected = referenceProduct(
            left.map(rounded), right.map(rounded), rows: m, columns: n, depth: depth)
        var transposed = right
        for index in right.indices { transposed[index % n * depth + index / n] = right[index] }
        let layouts: [(RightLayout, [Float])] = [
            (.rows(stride: n), right), (.columns(stride: depth), transposed),
        ]
        for (layout, matrix) in layouts {
            let pack = PackPanels(
                columns: n, depth: .constant(depth), layout: layout, element: .bfloat16)
            let arrays = Arrays()
            arrays.add(left)
            arrays.add(try packed(matrix, pack, on: backend))
            arrays.add([Float](repeating: .nan, count: m * n))
            let matmul = Matmul(
                rows: .constant(m), columns: n, depth: .constant(depth), leftRowStride: depth,
                outputRowStride: n, element: .bfloat16)
            try arrays.run(matmul.lower(to: backend.isa), on: backend)
            #expect(largestError(arrays.floats(2), expected) < 1e-5)
        }
    }

    /// What a product of converted operands is given.
    struct Case: Sendable, CustomTestStringConvertible {
        var rows: Int
        var columns: Int
        var depth: Int
        /// The left operand is stored `[depth, rows]`.
        var isAcross = false
        var isTransposed = false
        var chunk: Int?
        var batch = 1

        var testDescription: String {
            "\(batch)x\(rows)x\(columns)x\(depth)" + (isAcross ? ", across" : "")
                + (isTransposed ? ", transposed" : "") + (chunk.map { ", chunks of \($0)" } ?? "")
        }
    }

    static let cases = [
        Case(rows: 1, columns: 1, depth: 1), Case(rows: 7, columns: 33, depth: 31),
        Case(rows: 125, columns: 70, depth: 65), Case(rows: 13, columns: 16, depth: 96),
        Case(rows: 5, columns: 35, depth: 7, isTransposed: true),
        Case(rows: 17, columns: 64, depth: 3, isAcross: true),
        Case(rows: 37, columns: 21, depth: 40, isAcross: true, isTransposed: true),
        Case(rows: 197, columns: 71, depth: 9, isAcross: true),
        Case(rows: 19, columns: 45, depth: 37, isAcross: true, chunk: 16),
        Case(rows: 6, columns: 20, depth: 33, chunk: 12),
        Case(rows: 5, columns: 18, depth: 11, batch: 3),
        Case(rows: 5, columns: 18, depth: 11, isAcross: true, isTransposed: true, batch: 2),
    ]

    @Test(arguments: cases, Backend.allCases)
    func convertsWhatItMultiplies(_ shape: Case, _ backend: Backend) throws {
        let (m, n, depth) = (shape.rows, shape.columns, shape.depth)
        var generator = Generator(UInt64(m + n))
        let left = generator.floats(shape.batch * m * depth)
        let right = generator.floats(shape.batch * n * depth)
        let chunk = shape.chunk ?? depth
        let chunkCount = (depth + chunk - 1) / chunk
        let matmul = Matmul(
            rows: .parameter("rows", atMost: m + 3), columns: n,
            depth: .parameter("depth", atMost: depth + 5),
            leftRowStride: shape.isAcross ? 1 : depth, leftDepthStride: shape.isAcross ? m : 1,
            right: shape.isTransposed ? .columns(stride: depth) : .rows(stride: n),
            outputRowStride: n, depthChunk: shape.chunk, chunkStride: m * n,
            batch: [
                BatchAxis(
                    .constant(shape.batch), leftStride: m * depth, rightStride: n * depth,
                    outputStride: m * n)
            ], element: .bfloat16)
        let arrays = Arrays()
        arrays.add(left)
        arrays.add(right)
        arrays.add([Float](repeating: .nan, count: max(shape.batch, chunkCount) * m * n))
        let function = try matmul.lower(to: backend.isa)
        let sizes = ["rows": m, "depth": depth]
        try arrays.run(
            function, on: backend, parameters: function.parameters.map { Int64(sizes[$0] ?? 0) })
        let actual = arrays.floats(2)
        for batch in 0..<shape.batch {
            for row in 0..<m {
                for column in 0..<n {
                    var expected = 0.0
                    for step in 0..<depth {
                        let a = shape.isAcross ? step * m + row : row * depth + step
                        let b = shape.isTransposed ? column * depth + step : step * n + column
                        expected +=
                            Double(rounded(left[batch * m * depth + a]))
                            * Double(rounded(right[batch * n * depth + b]))
                    }
                    let place = (batch * m + row) * n + column
                    let received = (0..<chunkCount).map { Double(actual[$0 * m * n + place]) }
                        .reduce(0, +)
                    try #require(abs(received - expected) < 1e-5 * (1 + abs(expected)))
                }
            }
        }
    }

    /// Rounding, ties, infinities, and what `vcvtne2ps2bf16` does with NaN and the numbers below the
    /// least normal one: the same bits on every target.
    @Test(arguments: BFloat16Pairing.allCases, Backend.allCases + Backend.oldest)
    func pairsAreDefinedToTheBit(_ pairing: BFloat16Pairing, backend: Backend) throws {
        let patterns: [UInt32] = [
            0, 0x8000_0000, 0x3F80_0000, 0x3F80_8000, 0x3F81_8000, 0x3F80_8001, 0x7F80_0000,
            0xFF80_0000, 0x7F7F_FFFF, 0x7FC0_0001, 0x7F80_0001, 0xFFA1_2345, 0x0000_0001,
            0x807F_FFFF, 0x0080_0000, 0x8080_8000,
        ]
        let halves: [UInt32] = [
            0, 0x8000, 0x3F80, 0x3F80, 0x3F82, 0x3F81, 0x7F80, 0xFF80, 0x7F80, 0x7FC0, 0x7FC0,
            0xFFE1, 0, 0x8000, 0x0080, 0x8080,
        ]
        let k = LoopBuilder("pairs")
        let (x, y) = (k.input("x"), k.output("y", .int32))
        let (a, b) = (x.load(lanes: 16), (x + 16).load(lanes: 16))
        y.store(pairing == .zipped ? a.bfloat16Pair(with: b) : a.bfloat16Pairs(followedBy: b))
        let arrays = Arrays()
        arrays.add((patterns + patterns.reversed()).map(Float.init(bitPattern:)))
        arrays.add([Float](repeating: 0, count: 16))
        try arrays.run(k.finish(), on: backend)
        let all = halves + halves.reversed()
        let expected = (0..<16).map { lane in
            pairing == .zipped
                ? all[lane] | all[16 + lane] << 16 : all[2 * lane] | all[2 * lane + 1] << 16
        }
        #expect(arrays.floats(1).map(\.bitPattern) == expected)
    }

    @Test(arguments: [1, 16, 31, 32768, 32769 + 16], Backend.allCases)
    func rounds(count: Int, backend: Backend) throws {
        var generator = Generator(UInt64(count))
        let x = generator.floats(count, -3...3)
        let arrays = Arrays()
        arrays.add(x)
        arrays.add([Float](repeating: .nan, count: count))
        let kernel = RoundToBFloat16(count: .parameter("count", atMost: count + 5), scale: 0.3)
        try arrays.run(kernel.lower(to: backend.isa), on: backend, parameters: [Int64(count)])
        #expect(arrays.floats(1) == x.map { rounded($0 * 0.3) })
    }

    @Test func refusesWhatHasNoPairs() {
        var matmul = Matmul(
            rows: .constant(4), columns: 4, depth: .constant(4), leftRowStride: 5,
            leftDepthStride: 2, outputRowStride: 4, element: .bfloat16)
        func refusal() -> String? {
            #expect(throws: CodegenError.self) { try matmul.lower(to: .avx2) }?.description
        }
        #expect(
            refusal()
                == "matmul: a left operand is rounded to bfloat16 only where its rows or its "
                + "columns are without gaps")
        matmul.leftDepthStride = 1
        matmul.right = .rows(stride: 4)
        matmul.depthChunk = 3
        #expect(refusal() == "matmul: chunks of 3 cut bfloat16 pairs")
    }
}
