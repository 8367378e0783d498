import MartletCodegen
import Testing

@Suite struct AttentionTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var queries: Int
        var keys: Int
        var size: Int
        var valueSize: Int
        var isCausal = false
        /// Each key is visible with this probability; batch entry 0 sees nothing at 0.
        var visible: Float?
        var dropoutRate = 0.0
        var row = FullyMaskedRow.uniform
        var isDynamic = false

        var testDescription: String {
            "\(queries)x\(keys) size \(size)/\(valueSize) causal \(isCausal) "
                + "visible \(visible ?? 1) dropout \(dropoutRate) \(row) dynamic \(isDynamic)"
        }
    }

    static let cases = [
        Case(queries: 1, keys: 1, size: 1, valueSize: 1),
        Case(queries: 13, keys: 67, size: 8, valueSize: 8),
        Case(queries: 64, keys: 64, size: 32, valueSize: 32, visible: 0.7),
        Case(queries: 50, keys: 37, size: 20, valueSize: 12, visible: 0.5, row: .zero),
        Case(queries: 31, keys: 31, size: 16, valueSize: 16, isCausal: true),
        Case(queries: 70, keys: 70, size: 24, valueSize: 24, isCausal: true, dropoutRate: 0.2),
        Case(
            queries: 9, keys: 19, size: 64, valueSize: 64, visible: 0.6, dropoutRate: 0.1,
            isDynamic: true),
        Case(
            queries: 21, keys: 21, size: 7, valueSize: 5, isCausal: true, visible: 0.4,
            isDynamic: true),
        Case(queries: 14, keys: 18, size: 128, valueSize: 96, visible: 0.8, isDynamic: true),
    ]

    @Test(arguments: cases, Backend.compiled)
    func matchesTheDefinition(_ test: Case, _ backend: Backend) throws {
        try check(test, backend)
    }

    @Test(arguments: [cases[3], cases[7]])
    func matchesTheDefinitionInterpreted(_ test: Case) throws { try check(test, .interpreter) }

    @Test(arguments: [cases[3], cases[5]], Backend.oldest)
    func matchesTheDefinitionOnAnyMachine(_ test: Case, _ backend: Backend) throws {
        try check(test, backend)
    }

    /// Operands rounded to bfloat16: against float64 of `scale · q`, k, v and the output's gradient
    /// rounded. Probabilities and slopes are rounded as well, by at most 2⁻⁹ of each.
    @Test(arguments: cases, Backend.compiled)
    func matchesTheDefinitionInPairs(_ test: Case, _ backend: Backend) throws {
        try check(test, backend, element: .bfloat16)
    }

    @Test(arguments: [cases[3], cases[7]])
    func matchesTheDefinitionInPairsInterpreted(_ test: Case) throws {
        try check(test, .interpreter, element: .bfloat16)
    }

    /// What the loop IR's own rounding and a processor without bfloat16 agree on.
    private func rounded(_ values: [Float], scale: Float = 1) -> [Float] {
        values.map { value in
            let bits = (value * scale).bitPattern
            return Float(bitPattern: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) & 0xFFFF_0000)
        }
    }

    private func check(
        _ test: Case, _ backend: Backend, element: MatrixElement = .float32
    ) throws {
        let (batch, heads) = (2, 3)
        var generator = Generator(UInt64(test.queries * 100 + test.size))
        let q = generator.floats(batch * test.queries * heads * test.size, -2...2)
        let k = generator.floats(batch * test.keys * heads * test.size, -2...2)
        let v = generator.floats(batch * test.keys * heads * test.valueSize)
        let outputGradient = generator.floats(batch * test.queries * heads * test.valueSize)
        var mask = test.visible.map { rate in
            (0..<batch * test.keys).map { _ in generator.float(0...1) < rate ? UInt8(1) : 0 }
        }
        // Batch entry 0 sees nothing at all.
        for key in 0..<test.keys { mask?[key] = 0 }

        var attention = Attention(
            batch: .constant(batch), heads: heads, queries: .constant(test.queries),
            keys: .constant(test.keys), size: test.size, valueSize: test.valueSize,
            hasKeyMask: mask != nil, isCausal: test.isCausal, dropoutRate: test.dropoutRate,
            fullyMaskedRow: test.row, element: element)
        if test.isDynamic { attention.batch = .parameter("batch", atMost: 5) }
        let dropout = ReferenceDropout(seed: 5, stream: 6, step: 7, rate: test.dropoutRate)
        let reference = ReferenceAttention(
            batch: batch, heads: heads, queries: test.queries, keys: test.keys, size: test.size,
            valueSize: test.valueSize, isCausal: test.isCausal, keyMask: mask,
            zeroesFullyMaskedRows: test.row == .zero,
            dropout: test.dropoutRate > 0 ? dropout : nil, firstBatch: 3, q: q, k: k, v: v)
        let expected = try self.expected(reference, outputGradient, element)
        // Sums of rounded terms: an error of 2⁻⁹ of the largest, and more where terms cancel.
        let tolerance = element == .float32 ? 2e-6 : 6e-3
        func values(_ function: LoopFunction) -> [Int64] {
            let known: [String: Int64] = [
                "batch": Int64(batch), "seed": 5, "stream": 6, "step": 7, "firstBatch": 3,
            ]
            return function.parameters.map { known[$0] ?? -1 }
        }

        let forward = Arrays()
        for tensor in [q, k, v] { forward.add(tensor) }
        forward.add(outputGradient.map { _ in Float.nan })
        if let mask { forward.add(mask) }
        forward.add([Float](repeating: .nan, count: batch * heads * test.queries))
        let function = try attention.lowerForward(to: backend.isa, savesLogSumExp: true)
        try forward.run(function, on: backend, parameters: values(function))
        #expect(largestError(forward.floats(3), expected.output) < tolerance)

        let backward = Arrays()
        for tensor in [q, k, v, forward.floats(3), outputGradient] { backward.add(tensor) }
        backward.add(forward.floats(mask == nil ? 4 : 5))
        for tensor in [q, k, v] { backward.add(tensor.map { _ in Float.nan }) }
        if let mask { backward.add(mask) }
        let gradient = try attention.lowerBackward(to: backend.isa)
        try backward.run(gradient, on: backend, parameters: values(gradient))
        #expect(largestError(backward.floats(6), expected.queryGradient) < 2 * tolerance)
        #expect(largestError(backward.floats(7), expected.keyGradient) < 2 * tolerance)
        #expect(largestError(backward.floats(8), expected.valueGradient) < 2 * tolerance)
    }

    private func expected(
        _ reference: ReferenceAttention, _ outputGradient: [Float], _ element: MatrixElement
    ) throws -> ReferenceAttention.Result {
        guard element == .bfloat16 else { return reference.run(outputGradient: outputGradient) }
        var reference = reference
        let scale = 1 / Float(reference.size).squareRoot()
        reference.q = rounded(reference.q, scale: scale).map { $0 / scale }
        reference.k = rounded(reference.k)
        reference.v = rounded(reference.v)
        return reference.run(outputGradient: rounded(outputGradient))
    }

    /// Queries, keys and values side by side in one tensor, and bounded lengths.
    @Test(arguments: Backend.compiled)
    func stridedAndShorterThanTheBound(backend: Backend) throws {
        let (batch, heads, length, size) = (2, 2, 11, 16)
        let width = 3 * heads * size
        var generator = Generator(9)
        let packed = generator.floats(batch * length * width)
        let layout = HeadLayout(
            batchStride: length * width, positionStride: width, headStride: size)
        let attention = Attention(
            batch: .constant(batch), heads: heads, queries: .parameter("length", atMost: 40),
            keys: .parameter("length", atMost: 40), size: size, query: layout, key: layout,
            value: layout,
            output: .dense(heads: heads, size: size))
        let slices = (0..<3).map { which in
            (0..<batch * length).flatMap { row in
                packed[(row * width + which * heads * size)...].prefix(heads * size)
            }
        }
        let reference = ReferenceAttention(
            batch: batch, heads: heads, queries: length, keys: length, size: size,
            valueSize: size, q: slices[0], k: slices[1], v: slices[2])
        let expected = reference.run(outputGradient: slices[0])
        let arrays = Arrays()
        arrays.add(packed)
        arrays.add(Array(packed[(heads * size)...]))
        arrays.add(Array(packed[(2 * heads * size)...]))
        arrays.add([Float](repeating: .nan, count: batch * length * heads * size))
        try arrays.run(
            attention.lowerForward(to: backend.isa), on: backend, parameters: [Int64(length)])
        #expect(largestError(arrays.floats(3), expected.output) < 2e-6)
    }
}
