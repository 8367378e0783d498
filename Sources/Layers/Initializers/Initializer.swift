/// How a weight starts. Stateless: the values depend on the run's seed and the weight's name alone.
public enum Initializer: Hashable, Sendable {
    case zeros
    case ones
    case constant(Double)
    /// Uniform in `minimum ..< maximum`.
    case uniform(minimum: Double = -0.05, maximum: Double = 0.05)
    case normal(mean: Double = 0, standardDeviation: Double = 0.05)
    /// Normal, redrawn outside two standard deviations.
    case truncatedNormal(mean: Double = 0, standardDeviation: Double = 0.05)
    /// Variance `scale / n`, n by the mode.
    case varianceScaling(scale: Double = 1, mode: FanMode = .fanIn, Distribution = .truncatedNormal)
    /// `gain` on the diagonal, 0 elsewhere; rank 2.
    case identity(gain: Double = 1)
    /// A random orthogonal matrix (Saxe et al., 2014, arXiv 1312.6120).
    case orthogonal(gain: Double = 1)

    public enum FanMode: String, Hashable, Sendable, CaseIterable {
        case fanIn = "fan_in"
        case fanOut = "fan_out"
        case fanAverage = "fan_avg"
    }

    public enum Distribution: String, Hashable, Sendable, CaseIterable {
        /// Its standard deviation is corrected for the truncation: σ/0.8796.
        case truncatedNormal = "truncated_normal"
        case untruncatedNormal = "untruncated_normal"
        case uniform
    }

    /// Glorot and Bengio, 2010: the default of kernels.
    public static let glorotUniform = varianceScaling(scale: 1, mode: .fanAverage, .uniform)
    public static let glorotNormal = varianceScaling(scale: 1, mode: .fanAverage, .truncatedNormal)
    /// He et al., 2015, arXiv 1502.01852.
    public static let heUniform = varianceScaling(scale: 2, mode: .fanIn, .uniform)
    public static let heNormal = varianceScaling(scale: 2, mode: .fanIn, .truncatedNormal)
    /// LeCun et al., 1998.
    public static let lecunUniform = varianceScaling(scale: 1, mode: .fanIn, .uniform)
    public static let lecunNormal = varianceScaling(scale: 1, mode: .fanIn, .truncatedNormal)
}

/// The numbers of inputs and outputs of a unit, which some initializers scale by.
public struct Fans: Hashable, Sendable {
    public var input: Int
    public var output: Int

    public init(input: Int, output: Int) {
        self.input = input
        self.output = output
    }
}

/// Which axes of a weight count a unit's inputs and outputs.
public enum FanAxes: Hashable, Sendable {
    /// Given by the layer, as EinsumDense does.
    case axes(input: [Int], output: [Int])
    /// Keras's rule: rank 2 is `[input, output]`, more axes are a convolution's.
    case byRank(Int)

    func fans(of extents: [Int]) -> Fans {
        func product(_ axes: some Sequence<Int>) -> Int { axes.reduce(1) { $0 * extents[$1] } }
        switch self {
        case .axes(let input, let output):
            return Fans(input: product(input), output: product(output))
        case .byRank(let rank):
            switch rank {
            case 0: return Fans(input: 1, output: 1)
            case 1: return Fans(input: extents[0], output: extents[0])
            default:
                let field = product(0..<(rank - 2))
                return Fans(input: field * extents[rank - 2], output: field * extents[rank - 1])
            }
        }
    }
}
