extension Initializer {
    /// The standard deviation of a unit normal cut at ±2.
    static let truncatedDeviation = 0.879_625_661_034_239_78

    /// The values of a weight, row-major.
    ///
    /// - Parameters:
    ///   - seed: the seed of the run.
    ///   - name: the weight's path: two weights of one run never share numbers.
    /// - Throws: `LayerError` where the shape is not one the initializer is defined for.
    public func values(
        shape: [Int], fans: Fans, seed: UInt64, name: String
    ) throws -> [Float] {
        let count = shape.reduce(1, *)
        let random = RandomSource(seed: seed, stream: Self.stream(of: name))
        switch self {
        case .zeros: return [Float](repeating: 0, count: count)
        case .ones: return [Float](repeating: 1, count: count)
        case .constant(let value): return [Float](repeating: Float(value), count: count)
        case .uniform(let minimum, let maximum):
            return Self.filled(count) {
                random.fillUniform($0, lower: Float(minimum), upper: Float(maximum))
            }
        case .normal(let mean, let deviation):
            return Self.filled(count) {
                random.fillNormal($0, mean: mean, standardDeviation: deviation)
            }
        case .truncatedNormal(let mean, let deviation):
            return Self.filled(count) {
                random.fillTruncatedNormal($0, mean: mean, standardDeviation: deviation)
            }
        case .varianceScaling(let scale, let mode, let distribution):
            let deviation = (scale / max(1, mode.count(fans))).squareRoot()
            return Self.scaled(distribution, deviation, count, random)
        case .identity(let gain):
            guard shape.count == 2 else {
                throw LayerError(
                    path: name, "identity initializer: expected rank 2, received \(Shape(shape))")
            }
            return (0..<count).map { $0 / shape[1] == $0 % shape[1] ? Float(gain) : 0 }
        case .orthogonal(let gain):
            guard shape.count >= 2 else {
                throw LayerError(
                    path: name,
                    "orthogonal initializer: expected rank 2 or more, received \(Shape(shape))")
            }
            return OrthogonalMatrix.values(
                rows: shape.dropLast().reduce(1, *), columns: shape[shape.count - 1], gain: gain,
                random: random)
        }
    }

    private static func scaled(
        _ distribution: Distribution, _ deviation: Double, _ count: Int, _ random: RandomSource
    ) -> [Float] {
        filled(count) {
            switch distribution {
            case .uniform:
                let limit = Float(3.squareRoot() * deviation)
                random.fillUniform($0, lower: -limit, upper: limit)
            case .untruncatedNormal: random.fillNormal($0, standardDeviation: deviation)
            case .truncatedNormal:
                random.fillTruncatedNormal(
                    $0, standardDeviation: deviation / truncatedDeviation)
            }
        }
    }

    private static func filled(
        _ count: Int, _ fill: (UnsafeMutableBufferPointer<Float>) -> Void
    ) -> [Float] {
        [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
            buffer.initialize(repeating: 0)
            fill(UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
            initialized = count
        }
    }

    /// FNV-1a of the name: a stream for each weight, the same in every run and process.
    static func stream(of name: String) -> UInt64 {
        name.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}

extension Initializer.FanMode {
    fileprivate func count(_ fans: Fans) -> Double {
        switch self {
        case .fanIn: Double(fans.input)
        case .fanOut: Double(fans.output)
        case .fanAverage: Double(fans.input + fans.output) / 2
        }
    }
}

/// The Q of a random normal matrix's QR decomposition.
enum OrthogonalMatrix {
    static func values(
        rows: Int, columns: Int, gain: Double, random: RandomSource
    ) -> [Float] {
        // Orthonormal columns of the taller of the matrix and its transpose. Modified Gram–Schmidt
        // is done twice over, since one pass loses orthogonality to rounding. The diagonal of R is
        // positive this way, which makes Q uniformly distributed.
        let (length, count) = (max(rows, columns), min(rows, columns))
        var vectors = (0..<count).map { column in
            (0..<length).map { random.normal(at: UInt64($0 * count + column)) }
        }
        for current in 0..<count {
            for _ in 0..<2 {
                for earlier in 0..<current {
                    let overlap = dot(vectors[current], vectors[earlier])
                    for index in 0..<length {
                        vectors[current][index] -= overlap * vectors[earlier][index]
                    }
                }
            }
            let norm = dot(vectors[current], vectors[current]).squareRoot()
            for index in 0..<length { vectors[current][index] /= norm }
        }
        var values = [Float](repeating: 0, count: rows * columns)
        for row in 0..<rows {
            for column in 0..<columns {
                let element = rows >= columns ? vectors[column][row] : vectors[row][column]
                values[row * columns + column] = Float(gain * element)
            }
        }
        return values
    }

    private static func dot(_ x: [Double], _ y: [Double]) -> Double {
        var sum = 0.0
        for index in x.indices { sum += x[index] * y[index] }
        return sum
    }
}
