import Foundation
import MartletCodegen
import Testing

/// left[m,k] · right[k,n] by the definition, in Double.
func referenceProduct(
    _ left: [Float], _ right: [Float], rows: Int, columns: Int, depth: Int,
    leftStrides: (row: Int, depth: Int)? = nil, rightStrides: (depth: Int, column: Int)? = nil
) -> [Double] {
    let (leftRow, leftDepth) = leftStrides ?? (depth, 1)
    let (rightDepth, rightColumn) = rightStrides ?? (columns, 1)
    return (0..<rows * columns).map { index in
        let (row, column) = (index / columns, index % columns)
        return (0..<depth).reduce(0.0) { sum, k in
            sum + Double(left[row * leftRow + k * leftDepth])
                * Double(right[k * rightDepth + column * rightColumn])
        }
    }
}

/// Packs a matrix with the kernel, on the backend under test.
func packed(
    _ matrix: [Float], _ pack: PackPanels, on backend: Backend, parameters: [Int64] = []
) throws -> [Float] {
    let arrays = Arrays()
    arrays.add(matrix)
    arrays.add([Float](repeating: .nan, count: pack.packedCount(isa: backend.isa)))
    try arrays.run(pack.lower(to: backend.isa), on: backend, parameters: parameters)
    return arrays.floats(1)
}

@Suite struct MatmulTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var rows: Int
        var columns: Int
        var depth: Int
        var epilogue: [EpilogueStep] = []

        var testDescription: String { "\(rows)x\(columns)x\(depth) \(epilogue)" }
    }

    static let cases = [
        Case(rows: 1, columns: 1, depth: 1),
        Case(rows: 7, columns: 13, depth: 5, epilogue: [.bias]),
        Case(rows: 12, columns: 32, depth: 64, epilogue: [.bias, .activation(.relu)]),
        Case(rows: 29, columns: 64, depth: 17, epilogue: [.bias, .activation(.gelu)]),
        Case(rows: 6, columns: 67, depth: 31, epilogue: [.scale(0.5), .residual]),
        Case(rows: 131, columns: 97, depth: 23, epilogue: [.bias, .save, .activation(.tanh)]),
        Case(rows: 250, columns: 128, depth: 19, epilogue: [.activationGradient(.relu)]),
        Case(rows: 5, columns: 4, depth: 20, epilogue: [.bias, .activation(.sigmoid)]),
        Case(rows: 3, columns: 48, depth: 0, epilogue: [.bias]),
        Case(rows: 0, columns: 16, depth: 8),
    ]

    @Test(arguments: cases, Backend.compiled)
    func packedWithEpilogue(_ test: Case, _ backend: Backend) throws { try check(test, backend) }

    @Test(arguments: [cases[1], cases[3], cases[8]])
    func packedWithEpilogueInterpreted(_ test: Case) throws { try check(test, .interpreter) }

    @Test(arguments: [cases[3], cases[4]], Backend.oldest)
    func packedWithEpilogueOnAnyMachine(_ test: Case, _ backend: Backend) throws {
        try check(test, backend)
    }

    private func check(_ test: Case, _ backend: Backend) throws {
        var generator = Generator(UInt64(test.rows * 1000 + test.columns))
        let (m, n, depth) = (test.rows, test.columns, test.depth)
        let left = generator.floats(m * depth)
        let right = generator.floats(depth * n)
        let matmul = Matmul(
            rows: .constant(m), columns: n, depth: .constant(depth), leftRowStride: depth,
            outputRowStride: n, epilogue: test.epilogue)
        let arrays = Arrays()
        arrays.add(left)
        let pack = PackPanels(columns: n, depth: .constant(depth), layout: .rows(stride: n))
        arrays.add(try packed(right, pack, on: backend))
        arrays.add([Float](repeating: .nan, count: m * n))
        var expected = referenceProduct(left, right, rows: m, columns: n, depth: depth)
        for step in test.epilogue {
            apply(step, to: &expected, columns: n, arrays: arrays, generator: &generator)
        }
        try arrays.run(matmul.lower(to: backend.isa), on: backend)
        #expect(largestError(arrays.floats(2), expected) < 1e-5)
        if let save = test.epilogue.firstIndex(of: .save), save == 1 {
            let product = referenceProduct(left, right, rows: m, columns: n, depth: depth)
            let bias = arrays.floats(3)
            let exact = product.indices.map { product[$0] + Double(bias[$0 % n]) }
            #expect(largestError(arrays.floats(4), exact) < 1e-5)
        }
    }

    private func apply(
        _ step: EpilogueStep, to values: inout [Double], columns: Int, arrays: Arrays,
        generator: inout Generator
    ) {
        switch step {
        case .scale(let factor): values = values.map { $0 * factor }
        case .bias:
            let bias = generator.floats(columns)
            arrays.add(bias)
            values = values.indices.map { values[$0] + Double(bias[$0 % columns]) }
        case .save: arrays.add(values.map { _ in Float.nan })
        case .residual:
            let residual = generator.floats(values.count)
            arrays.add(residual)
            values = values.indices.map { values[$0] + Double(residual[$0]) }
        case .activation(.gelu):
            values = values.map { $0 / 2 * (1 + erf($0 / 2.0.squareRoot())) }
        case .activation(.relu): values = values.map { max($0, 0) }
        case .activation(.tanh): values = values.map { tanh($0) }
        case .activation(.sigmoid): values = values.map { 1 / (1 + exp(-$0)) }
        case .activationGradient(.relu):
            let saved = generator.floats(values.count)
            arrays.add(saved)
            values = values.indices.map { saved[$0] > 0 ? values[$0] : 0 }
        case .activation, .activationGradient: Issue.record("no reference for \(step)")
        }
    }

    /// dX = dY·Wᵀ with W packed transposed.
    @Test(arguments: Backend.compiled)
    func transposedPacking(backend: Backend) throws {
        var generator = Generator(3)
        let (m, n, depth) = (19, 85, 37)
        let left = generator.floats(m * depth)
        let right = generator.floats(n * depth)  // [n, depth]
        let pack = PackPanels(columns: n, depth: .constant(depth), layout: .columns(stride: depth))
        let arrays = Arrays()
        arrays.add(left)
        arrays.add(try packed(right, pack, on: backend))
        arrays.add([Float](repeating: .nan, count: m * n))
        let matmul = Matmul(
            rows: .parameter("rows", atMost: 40), columns: n, depth: .constant(depth),
            leftRowStride: depth, outputRowStride: n)
        try arrays.run(matmul.lower(to: backend.isa), on: backend, parameters: [Int64(m)])
        let expected = referenceProduct(
            left, right, rows: m, columns: n, depth: depth, rightStrides: (1, depth))
        #expect(largestError(arrays.floats(2), expected) < 1e-5)
    }

    /// dW = Xᵀ·dY, tokens in chunks of 16, each to its own partial sum; then once more onto it.
    @Test(arguments: [1, 16, 45], Backend.allCases)
    func weightGradient(tokens: Int, backend: Backend) throws {
        var generator = Generator(UInt64(tokens))
        let (inputs, outputs) = (13, 21)
        let x = generator.floats(tokens * inputs)
        let dy = generator.floats(tokens * outputs)
        let chunks = (tokens + 15) / 16
        let matmul = Matmul(
            rows: .constant(inputs), columns: outputs, depth: .parameter("tokens", atMost: 64),
            leftRowStride: 1, leftDepthStride: inputs, right: .rows(stride: outputs),
            outputRowStride: outputs, accumulates: true, depthChunk: 16,
            chunkStride: inputs * outputs)
        let arrays = Arrays()
        arrays.add(x)
        arrays.add(dy)
        arrays.add([Float](repeating: 0, count: chunks * inputs * outputs))
        let function = try matmul.lower(to: backend.isa)
        for _ in 0..<2 { try arrays.run(function, on: backend, parameters: [Int64(tokens)]) }
        let partial = arrays.floats(2)
        let sums = (0..<inputs * outputs).map { index in
            (0..<chunks).reduce(Float(0)) { $0 + partial[$1 * inputs * outputs + index] / 2 }
        }
        let expected = referenceProduct(
            x, dy, rows: inputs, columns: outputs, depth: tokens, leftStrides: (1, inputs))
        #expect(largestError(sums, expected) < 1e-5)
    }

    /// dW = Xᵀ·dY where several panels share the copied rows of Xᵀ, whole groups of them and a rest.
    @Test(arguments: [(0, 96), (1, 96), (37, 96), (37, 101), (8, 7)], Backend.allCases)
    func weightGradientOfCopiedRows(size: (tokens: Int, inputs: Int), backend: Backend) throws {
        let (tokens, inputs) = size
        var generator = Generator(UInt64(tokens + inputs))
        let outputs = 133
        let x = generator.floats(tokens * inputs)
        let dy = generator.floats(tokens * outputs)
        let before = generator.floats(inputs * outputs)
        let matmul = Matmul(
            rows: .constant(inputs), columns: outputs, depth: .parameter("tokens", atMost: 40),
            leftRowStride: 1, leftDepthStride: inputs, right: .rows(stride: outputs),
            outputRowStride: outputs, accumulates: true)
        #expect(matmul.copiesLeft(isa: backend.isa))
        let arrays = Arrays()
        arrays.add(x)
        arrays.add(dy)
        arrays.add(before)
        try arrays.run(matmul.lower(to: backend.isa), on: backend, parameters: [Int64(tokens)])
        let product = referenceProduct(
            x, dy, rows: inputs, columns: outputs, depth: tokens, leftStrides: (1, inputs))
        let expected = zip(before, product).map { Double($0) + $1 }
        #expect(largestError(arrays.floats(2), expected) < 1e-5)
    }

    /// scores[b,h,t,s] = q[b,t,h,:] · k[b,s,h,:], both read in place.
    @Test(arguments: Backend.allCases)
    func batchedWithTransposedRight(backend: Backend) throws {
        var generator = Generator(11)
        let (batch, heads, queries, keys, size) = (2, 3, 9, 35, 20)
        let q = generator.floats(batch * queries * heads * size)
        let k = generator.floats(batch * keys * heads * size)
        let width = heads * size
        let matmul = Matmul(
            rows: .constant(queries), columns: keys, depth: .constant(size),
            leftRowStride: width, right: .columns(stride: width), outputRowStride: keys,
            batch: [
                BatchAxis(
                    .parameter("batch", atMost: 4), leftStride: queries * width,
                    rightStride: keys * width, outputStride: heads * queries * keys),
                BatchAxis(
                    .constant(heads), leftStride: size, rightStride: size,
                    outputStride: queries * keys),
            ])
        let arrays = Arrays()
        arrays.add(q)
        arrays.add(k)
        arrays.add([Float](repeating: .nan, count: batch * heads * queries * keys))
        try arrays.run(matmul.lower(to: backend.isa), on: backend, parameters: [Int64(batch)])
        var expected: [Double] = []
        for b in 0..<batch {
            for h in 0..<heads {
                expected += referenceProduct(
                    Array(q[(b * queries * width + h * size)...]),
                    Array(k[(b * keys * width + h * size)...]),
                    rows: queries, columns: keys, depth: size, leftStrides: (width, 1),
                    rightStrides: (1, width))
            }
        }
        #expect(largestError(arrays.floats(2), expected) < 1e-5)
    }

    /// Panels have room for the bound of a depth that is known at the run alone.
    @Test(arguments: [0, 1, 7, 29], Backend.compiled)
    func packedOperandOfUnknownDepth(depth: Int, backend: Backend) throws {
        var generator = Generator(UInt64(depth))
        let (m, n) = (50, 133)
        let left = generator.floats(depth * m)  // [depth, m]
        let right = generator.floats(depth * n)
        let extent = Extent.parameter("tokens", atMost: 29)
        let pack = PackPanels(columns: n, depth: extent, layout: .rows(stride: n))
        let arrays = Arrays()
        arrays.add(left)
        arrays.add(try packed(right, pack, on: backend, parameters: [Int64(depth)]))
        arrays.add([Float](repeating: .nan, count: m * n))
        let matmul = Matmul(
            rows: .constant(m), columns: n, depth: extent, leftRowStride: 1, leftDepthStride: m,
            outputRowStride: n)
        try arrays.run(matmul.lower(to: backend.isa), on: backend, parameters: [Int64(depth)])
        let expected = referenceProduct(
            left, right, rows: m, columns: n, depth: depth, leftStrides: (1, m))
        #expect(largestError(arrays.floats(2), expected) < 1e-5)
    }
}
