import MartletJSON

extension ActivationFunction {
    /// Keras's name: `relu`, `hard_sigmoid`.
    public var name: String {
        switch self {
        case .linear: "linear"
        case .relu, .boundedReLU: "relu"
        case .relu6: "relu6"
        case .leakyReLU: "leaky_relu"
        case .elu: "elu"
        case .celu: "celu"
        case .selu: "selu"
        case .sigmoid: "sigmoid"
        case .logSigmoid: "log_sigmoid"
        case .hardSigmoid: "hard_sigmoid"
        case .sparseSigmoid: "sparse_sigmoid"
        case .tanh: "tanh"
        case .tanhShrink: "tanh_shrink"
        case .hardTanh: "hard_tanh"
        case .silu: "silu"
        case .hardSilu: "hard_silu"
        case .gelu: "gelu"
        case .mish: "mish"
        case .softplus: "softplus"
        case .softsign: "softsign"
        case .squareplus: "squareplus"
        case .sparsePlus: "sparse_plus"
        case .softShrink: "soft_shrink"
        case .hardShrink: "hard_shrink"
        case .threshold: "threshold"
        case .exponential: "exponential"
        case .glu: "glu"
        case .softmax: "softmax"
        case .logSoftmax: "log_softmax"
        case .sparsemax: "sparsemax"
        }
    }

    /// The functions that need no parameter, with the defaults of those that have some.
    public static let named: [ActivationFunction] = [
        .linear, .relu, .relu6, .leakyReLU, .elu, .celu, .selu, .sigmoid, .logSigmoid,
        .hardSigmoid, .sparseSigmoid, .tanh, .tanhShrink, .hardTanh, .silu, .hardSilu, .gelu,
        .mish, .softplus, .softsign, .squareplus, .sparsePlus, .softShrink, .hardShrink,
        .exponential, .glu, .softmax, .logSoftmax, .sparsemax,
    ]

    /// The function of a Keras name, with default parameters; nil for a name there is none of.
    public init?(name: String) {
        let aliases = ["swish": "silu", "hard_swish": "hard_silu"]
        let wanted = aliases[name] ?? name
        guard let function = Self.named.first(where: { $0.name == wanted }) else { return nil }
        self = function
    }
}
