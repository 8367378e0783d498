import MartletCodegen
import Testing

@Suite struct BFloat16Tests {
    /// The nearest bfloat16, ties to even.
    private func rounded(_ x: Float) -> Float {
        let bits = x.bitPattern
        return Float(bitPattern: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) & 0xFFFF_0000)
    }

    @Test(arguments: [1, 2, 31, 32, 45, 64, 70], Backend.allCases)
    func converts(columns: Int, backend: Backend) throws {
        let rows = 3
        var generator = Generator(UInt64(columns))
        let x = generator.floats(rows * columns, -3...3)
        let units = (columns + 1) / 2
        let arrays = Arrays()
        arrays.add(x)
        arrays.add([Float](repeating: .nan, count: rows * units))
        try arrays.run(
            ConvertToBFloat16(rows: .constant(rows), columns: columns).lower(to: backend.isa),
            on: backend)
        let pairs = arrays.floats(1).map(\.bitPattern)
        for row in 0..<rows {
            for column in 0..<2 * units {
                let pair = pairs[row * units + column / 2]
                let bits = column % 2 == 0 ? pair << 16 : pair & 0xFFFF_0000
                let expected = column < columns ? rounded(x[row * columns + column]) : 0
                #expect(Float(bitPattern: bits) == expected)
            }
        }
    }

    @Test(arguments: [(5, 7, 9), (13, 70, 33), (24, 64, 64), (6, 20, 71)], Backend.allCases)
    func multiplies(_ shape: (Int, Int, Int), _ backend: Backend) throws {
        let (m, n, depth) = shape
        var generator = Generator(UInt64(m))
        let left = generator.floats(m * depth)
        let right = generator.floats(depth * n)
        let expected = referenceProduct(
            left.map(rounded), right.map(rounded), rows: m, columns: n, depth: depth)
        let units = (depth + 1) / 2
        let converted = Arrays()
        converted.add(left)
        converted.add([Float](repeating: .nan, count: m * units))
        try converted.run(
            ConvertToBFloat16(rows: .constant(m), columns: depth).lower(to: backend.isa),
            on: backend)
        var transposed = right
        for index in right.indices { transposed[index % n * depth + index / n] = right[index] }
        let layouts: [(RightLayout, [Float])] = [
            (.rows(stride: n), right), (.columns(stride: depth), transposed),
        ]
        for (layout, matrix) in layouts {
            let pack = PackPanels(columns: n, depth: depth, layout: layout, element: .bfloat16)
            let arrays = Arrays()
            arrays.add(converted.floats(1))
            arrays.add(try packed(matrix, pack, on: backend))
            arrays.add([Float](repeating: .nan, count: m * n))
            let matmul = Matmul(
                rows: .constant(m), columns: n, depth: .constant(depth), leftRowStride: 2 * units,
                outputRowStride: n, element: .bfloat16)
            try arrays.run(matmul.lower(to: backend.isa), on: backend)
            #expect(largestError(arrays.floats(2), expected) < 1e-5)
        }
    }

    @Test(arguments: [(1, 5), (2, 16), (7, 33), (301, 129)], Backend.allCases)
    func pairsRows(_ shape: (Int, Int), backend: Backend) throws {
        let (depth, columns) = shape
        var generator = Generator(UInt64(depth))
        let x = generator.floats(depth * columns, -3...3)
        let units = (depth + 1) / 2
        let arrays = Arrays()
        arrays.add(x)
        arrays.add([Float](repeating: .nan, count: units * columns))
        try arrays.run(
            PairRowsToBFloat16(depth: .constant(depth), columns: columns).lower(to: backend.isa),
            on: backend)
        let pairs = arrays.floats(1).map(\.bitPattern)
        for (index, pair) in pairs.enumerated() {
            let (row, column) = (index / columns * 2, index % columns)
            let next = row + 1 < depth ? rounded(x[(row + 1) * columns + column]) : 0
            #expect(Float(bitPattern: pair << 16) == rounded(x[row * columns + column]))
            #expect(Float(bitPattern: pair & 0xFFFF_0000) == next)
        }
    }

    @Test(arguments: [1, 16, 31, 32768, 32769 + 16], Backend.allCases)
    func rounds(count: Int, backend: Backend) throws {
        var generator = Generator(UInt64(count))
        let x = generator.floats(count, -3...3)
        let arrays = Arrays()
        arrays.add(x)
        arrays.add([Float](repeating: .nan, count: count))
        let kernel = RoundToBFloat16(count: .parameter("count", atMost: count + 5))
        try arrays.run(kernel.lower(to: backend.isa), on: backend, parameters: [Int64(count)])
        #expect(arrays.floats(1) == x.map(rounded))
    }

    @Test func refusesAnUnpackedOperand() {
        let matmul = Matmul(
            rows: 4, columns: 4, depth: 4, leftRowStride: 4, right: .rows(stride: 4),
            outputRowStride: 4, element: .bfloat16)
        let error = #expect(throws: CodegenError.self) { try matmul.lower(to: .avx2) }
        #expect(
            error?.description
                == "matmul: bfloat16 needs a packed right operand and a left one in pairs, rows an "
                + "even number of elements apart")
    }
}
