import Foundation
import MartletCodegen
import Testing

@Suite struct RowKernelTests {
    static let shapes: [(rows: Int, columns: Int)] = [(1, 1), (5, 7), (37, 32), (3, 83), (600, 64)]

    /// The scalar arguments of a kernel, by name.
    private func parameters(_ function: LoopFunction, rows: Int) -> [Int64] {
        let known: [String: Int64] = [
            "rows": Int64(rows), "seed": 3, "stream": 4, "step": 5, "firstRow": 6,
        ]
        return function.parameters.map { known[$0] ?? -1 }
    }

    struct NormCase: Sendable, CustomTestStringConvertible {
        var rows: Int
        var columns: Int
        var hasResidual: Bool
        var dropoutRate: Double

        var testDescription: String { "\(rows)x\(columns) \(hasResidual) \(dropoutRate)" }
    }

    static let norms = [
        NormCase(rows: 1, columns: 5, hasResidual: false, dropoutRate: 0),
        NormCase(rows: 19, columns: 32, hasResidual: true, dropoutRate: 0.2),
        NormCase(rows: 7, columns: 83, hasResidual: true, dropoutRate: 0.1),
        NormCase(rows: 1100, columns: 48, hasResidual: false, dropoutRate: 0.5),
        NormCase(rows: 9, columns: 128, hasResidual: true, dropoutRate: 0),
    ]

    @Test(arguments: norms, Backend.compiled)
    func layerNormalization(_ test: NormCase, _ backend: Backend) throws {
        try checkNormalization(test, backend)
    }

    @Test(arguments: norms.prefix(3))
    func layerNormalizationInterpreted(_ test: NormCase) throws {
        try checkNormalization(test, .interpreter)
    }

    @Test(arguments: norms.prefix(3), Backend.oldest)
    func layerNormalizationOnAnyMachine(_ test: NormCase, _ backend: Backend) throws {
        try checkNormalization(test, backend)
    }

    private func checkNormalization(_ test: NormCase, _ backend: Backend) throws {
        let (rows, columns, epsilon) = (test.rows, test.columns, 1e-3)
        var generator = Generator(UInt64(rows + columns))
        let (x, r) = (generator.floats(rows * columns), generator.floats(rows * columns))
        let (gamma, beta) = (generator.floats(columns), generator.floats(columns))
        let dy = generator.floats(rows * columns)
        let dropout = ReferenceDropout(seed: 3, stream: 4, step: 5, rate: test.dropoutRate)
        let factors = (0..<rows * columns).map { index in
            test.dropoutRate == 0
                ? 1.0
                : dropout.factor(
                    row: index / columns + 6, column: index % columns, columns: columns)
        }

        var (y, ds) = ([Double](), [Double]())
        var (dGamma, dBeta) = ([Double](repeating: 0, count: columns), [Double]())
        dBeta = dGamma
        for row in 0..<rows {
            let range = row * columns..<(row + 1) * columns
            let s = range.map {
                Double(x[$0]) * factors[$0] + (test.hasResidual ? Double(r[$0]) : 0)
            }
            let mean = s.reduce(0, +) / Double(columns)
            let variance = s.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(columns)
            let inverse = 1 / (variance + epsilon).squareRoot()
            let h = s.map { ($0 - mean) * inverse }
            let outer = range.map { Double(dy[$0]) }
            let d = zip(outer, gamma).map { $0 * Double($1) }
            let meanD = d.reduce(0, +) / Double(columns)
            let meanDH = zip(d, h).reduce(0) { $0 + $1.0 * $1.1 } / Double(columns)
            for column in 0..<columns {
                y.append(h[column] * Double(gamma[column]) + Double(beta[column]))
                ds.append(inverse * (d[column] - meanD - h[column] * meanDH))
                dGamma[column] += outer[column] * h[column]
                dBeta[column] += outer[column]
            }
        }

        let norm = LayerNormalization(
            rows: .parameter("rows", atMost: 2000), columns: columns, epsilon: epsilon,
            hasResidual: test.hasResidual, dropoutRate: test.dropoutRate)
        let blank = [Float](repeating: .nan, count: rows * columns)
        let rowBlank = [Float](repeating: .nan, count: rows)
        let forward = Arrays()
        for tensor in [x] + (test.hasResidual ? [r] : []) + [gamma, beta, blank, blank] {
            forward.add(tensor)
        }
        for _ in 0..<2 { forward.add(rowBlank) }
        let function = try norm.lowerForward(to: backend.isa, savesForBackward: true)
        try forward.run(function, on: backend, parameters: parameters(function, rows: rows))
        let first = test.hasResidual ? 4 : 3
        #expect(largestError(forward.floats(first), y) < 5e-6)

        let backward = Arrays()
        backward.add(dy)
        for index in 1...3 { backward.add(forward.floats(first + index)) }
        backward.add(gamma)
        backward.add(blank)
        if test.dropoutRate > 0 { backward.add(blank) }
        let parts = norm.partialCount(rows: rows)
        backward.add([Float](repeating: .nan, count: parts * 2 * columns))
        let gradient = try norm.lowerBackward(to: backend.isa)
        try backward.run(gradient, on: backend, parameters: parameters(gradient, rows: rows))
        #expect(largestError(backward.floats(5), ds) < 1e-5)
        if test.dropoutRate > 0 {
            let dx = zip(ds, factors).map { $0 * $1 }
            #expect(largestError(backward.floats(6), dx) < 1e-5)
        }
        let partials = backward.floats(test.dropoutRate > 0 ? 7 : 6)
        let sums = (0..<2 * columns).map { index in
            (0..<parts).reduce(Float(0)) { $0 + partials[$1 * 2 * columns + index] }
        }
        #expect(largestError(sums, dGamma + dBeta) < 2e-5)
    }

    @Test(arguments: [0.0, 0.25, 1.0], Backend.allCases)
    func dropout(rate: Double, backend: Backend) throws {
        let (rows, columns) = (70, 41)
        var generator = Generator(14)
        let x = generator.floats(rows * columns)
        let arrays = Arrays()
        arrays.add(x)
        arrays.add(x.map { _ in Float.nan })
        let function = try Dropout(
            rows: .parameter("rows", atMost: 99), columns: columns, rate: rate
        ).lower(to: backend.isa)
        try arrays.run(function, on: backend, parameters: parameters(function, rows: rows))
        let reference = ReferenceDropout(seed: 3, stream: 4, step: 5, rate: rate)
        let expected = x.indices.map { index in
            let factor = reference.factor(
                row: index / columns + 6, column: index % columns, columns: columns)
            return rate == 1 ? 0 : Double(x[index]) * factor
        }
        #expect(largestError(arrays.floats(1), expected) < 1e-6)
    }

    @Test(arguments: shapes.indices, Backend.allCases)
    func softmax(_ index: Int, _ backend: Backend) throws {
        let (rows, columns) = Self.shapes[index]
        var generator = Generator(8)
        let x = generator.floats(rows * columns, -20...20)
        let dy = generator.floats(rows * columns)
        var (y, dx) = ([Double](), [Double]())
        for row in 0..<rows {
            let powers = (0..<columns).map { exp(Double(x[row * columns + $0])) }
            let sum = powers.reduce(0, +)
            let line = powers.map { $0 / sum }
            let outer = (0..<columns).map { Double(dy[row * columns + $0]) }
            let dot = zip(line, outer).reduce(0) { $0 + $1.0 * $1.1 }
            y += line
            dx += zip(line, outer).map { $0 * ($1 - dot) }
        }
        let softmax = Softmax(rows: .parameter("rows", atMost: 1000), columns: columns)
        let arrays = Arrays()
        arrays.add(x)
        arrays.add(x.map { _ in Float.nan })
        try arrays.run(
            softmax.lowerForward(to: backend.isa), on: backend, parameters: [Int64(rows)])
        #expect(largestError(arrays.floats(1), y) < 1e-6)
        let gradient = Arrays()
        for tensor in [arrays.floats(1), dy, x.map { _ in Float.nan }] { gradient.add(tensor) }
        try gradient.run(
            softmax.lowerBackward(to: backend.isa), on: backend, parameters: [Int64(rows)])
        #expect(largestError(gradient.floats(2), dx) < 1e-6)
    }

    @Test(arguments: [(6, 4), (9, 33), (3, 1)], Backend.allCases)
    func crossEntropy(_ shape: (Int, Int), _ backend: Backend) throws {
        let (rows, classes) = shape
        var generator = Generator(10)
        let x = generator.floats(rows * classes, -5...5)
        let labels = (0..<rows).map { _ in Int32(generator.integer(below: classes)) }
        let weights = generator.floats(rows)
        var (loss, gradient) = ([Double](), [Double]())
        for row in 0..<rows {
            let line = (0..<classes).map { Double(x[row * classes + $0]) }
            let logSum = log(line.reduce(0) { $0 + exp($1) })
            loss.append(logSum - line[Int(labels[row])])
            gradient += line.enumerated().map { column, value in
                (exp(value - logSum) - (column == labels[row] ? 1 : 0)) * Double(weights[row])
            }
        }
        let entropy = SparseCrossEntropy(rows: .constant(rows), classes: classes)
        let forward = Arrays()
        forward.add(x)
        forward.add(labels)
        for _ in 0..<2 { forward.add([Float](repeating: .nan, count: rows)) }
        try forward.run(entropy.lowerForward(to: backend.isa), on: backend)
        #expect(largestError(forward.floats(2), loss) < 1e-6)
        let backward = Arrays()
        backward.add(x)
        backward.add(labels)
        for tensor in [forward.floats(3), weights, x.map { _ in Float.nan }] {
            backward.add(tensor)
        }
        try backward.run(entropy.lowerBackward(to: backend.isa), on: backend)
        #expect(largestError(backward.floats(4), gradient) < 1e-6)
    }

    @Test(arguments: [(13, 5, 7), (40, 32, 50)], Backend.allCases)
    func embedding(_ shape: (Int, Int, Int), _ backend: Backend) throws {
        let (rows, dimension, vocabulary) = shape
        let positionCount = 10
        var generator = Generator(12)
        let ids = (0..<rows).map { _ in Int32(generator.integer(below: vocabulary)) }
        let table = generator.floats(vocabulary * dimension)
        let positions = generator.floats(positionCount * dimension)
        let embedding = Embedding(
            rows: .parameter("rows", atMost: 64), dimension: dimension,
            vocabularySize: vocabulary, positionCount: positionCount)
        let forward = Arrays()
        forward.add(ids)
        forward.add(table)
        forward.add(positions)
        forward.add([Float](repeating: .nan, count: rows * dimension))
        try forward.run(
            embedding.lowerForward(to: backend.isa), on: backend, parameters: [Int64(rows)])
        #expect(
            forward.floats(3)
                == (0..<rows * dimension).map { index in
                    let (row, column) = (index / dimension, index % dimension)
                    return table[Int(ids[row]) * dimension + column]
                        + positions[row % positionCount * dimension + column]
                })

        let dy = generator.floats(rows * dimension)
        var expected = [Float](repeating: 0, count: vocabulary * dimension)
        for index in 0..<rows * dimension {
            expected[Int(ids[index / dimension]) * dimension + index % dimension] += dy[index]
        }
        let backward = Arrays()
        backward.add(ids)
        backward.add(dy)
        backward.add([Float](repeating: .nan, count: vocabulary * dimension))
        try backward.run(
            embedding.lowerBackward(to: backend.isa), on: backend, parameters: [Int64(rows)])
        #expect(backward.floats(2) == expected)
    }
}
