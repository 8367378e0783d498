/// Keras's activation functions.
///
/// Written where a layer takes one: `Dense(64, activation: .relu)`. In JSON a function is its
/// Keras name, or an object of name and parameters where these are not the defaults.
public enum ActivationFunction: Hashable, Sendable {
    /// `x`
    case linear
    /// `max(x, 0)`
    case relu
    /// `x` above the threshold and at most the maximum; `slope · (x - threshold)` below.
    case boundedReLU(negativeSlope: Double, maximum: Double?, threshold: Double)
    /// `min(max(x, 0), 6)`
    case relu6
    /// `x` where positive, else `slope · x`.
    case leakyReLU(negativeSlope: Double = 0.2)
    /// `x` where positive, else `α (eˣ - 1)` (Clevert et al., 2016, arXiv 1511.07289).
    case elu(alpha: Double = 1)
    /// `max(x, 0) + α (e^(min(x, 0)/α) - 1)` (Barron, 2017, arXiv 1704.07483).
    case celu(alpha: Double = 1)
    /// Scaled elu (Klambauer et al., 2017, arXiv 1706.02515).
    case selu
    /// `1 / (1 + e⁻ˣ)`
    case sigmoid
    /// `log(1 / (1 + e⁻ˣ))`
    case logSigmoid
    /// `relu6(x + 3) / 6`
    case hardSigmoid
    /// `(x + 1)/2`, cut to 0...1.
    case sparseSigmoid
    /// Hyperbolic tangent.
    case tanh
    /// `x - tanh x`
    case tanhShrink
    /// `x`, cut to -1...1.
    case hardTanh
    /// `x · sigmoid(x)`, also called swish (Ramachandran et al., 2017, arXiv 1710.05941).
    case silu
    /// `x · hardSigmoid(x)`
    case hardSilu
    /// `x · Φ(x)`, by the error function or, where approximate, by a hyperbolic tangent.
    case gelu(approximate: Bool = false)
    /// `x · tanh(softplus(x))` (Misra, 2019, arXiv 1908.08681).
    case mish
    /// `log(1 + eˣ)`
    case softplus
    /// `x / (1 + |x|)`
    case softsign
    /// `(x + √(x² + b)) / 2`
    case squareplus(b: Double = 4)
    /// 0 up to -1, `(x + 1)²/4` up to 1, then `x`.
    case sparsePlus
    /// `x` moved towards 0 by the threshold; 0 within it.
    case softShrink(threshold: Double = 0.5)
    /// `x` outside the threshold, 0 within.
    case hardShrink(threshold: Double = 0.5)
    /// `x` above the threshold, else the default value.
    case threshold(Double, defaultValue: Double)
    /// `eˣ`
    case exponential
    /// The first half along an axis times the sigmoid of the second.
    case glu(axis: Int = -1)
    /// `exp(x) / Σ exp(x)` along an axis.
    case softmax(axis: Int = -1)
    /// `x - log Σ exp(x)` along an axis.
    case logSoftmax(axis: Int = -1)
    /// Sparse probabilities along an axis, after Martins and Astudillo (2016, arXiv 1602.02068) as
    /// Keras computes it: its threshold sums the running sums of the support, so rows with a
    /// support of more than one element do not add up to 1. Compares all pairs: for short axes.
    case sparsemax(axis: Int = -1)

    // The functions with their default parameters, so that `.softmax` needs no parentheses.
    public static let softmax = ActivationFunction.softmax(axis: -1)
    public static let logSoftmax = ActivationFunction.logSoftmax(axis: -1)
    public static let gelu = ActivationFunction.gelu(approximate: false)
    public static let elu = ActivationFunction.elu(alpha: 1)
    public static let leakyReLU = ActivationFunction.leakyReLU(negativeSlope: 0.2)
    public static let celu = ActivationFunction.celu(alpha: 1)
    public static let glu = ActivationFunction.glu(axis: -1)
    public static let sparsemax = ActivationFunction.sparsemax(axis: -1)
    public static let squareplus = ActivationFunction.squareplus(b: 4)
    public static let softShrink = ActivationFunction.softShrink(threshold: 0.5)
    public static let hardShrink = ActivationFunction.hardShrink(threshold: 0.5)
    /// Another name for `silu`.
    public static let swish = ActivationFunction.silu

    /// The composite that joins this function with the addition of a bias; nil where there is
    /// none.
    var fusible: BiasActivation.Activation? {
        switch self {
        case .linear: .identity
        case .relu: .relu
        case .tanh: .tanh
        case .sigmoid: .logistic
        case .silu: .silu
        case .gelu(let approximate): approximate ? .geluApproximate : .gelu
        default: nil
        }
    }
}
