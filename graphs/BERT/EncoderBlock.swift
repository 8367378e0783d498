import Martlet

/// One block of BERT's encoder, normalized after each residual (Devlin et al., 2018, arXiv
/// 1810.04805):
///
///     y = normalize(x + dropout(attention(x, x)))
///     z = normalize(y + dropout(output(activation(intermediate(y)))))
///
/// Takes the states `[batch, length, hidden]` and the key mask, bool `[batch, 1, 1, length]`.
public final class EncoderBlock: Layer {
    public let attention: MultiHeadAttention
    public let attentionNormalization: LayerNormalization
    public let intermediate: Dense
    public let output: Dense
    public let outputNormalization: LayerNormalization
    public let dropout: Dropout
    public let name: String?

    /// What a block is made from.
    public struct Options: Hashable, Sendable {
        public var hiddenSize: Int
        public var heads: Int
        public var intermediateSize: Int
        public var activation: ActivationFunction
        public var dropout: Double
        public var attentionDropout: Double
        public var epsilon: Double
        public var initializer: Initializer
    }

    public init(_ options: Options, name: String? = nil) {
        let initializer = options.initializer
        attention = MultiHeadAttention(
            heads: options.heads, keyDimension: options.hiddenSize / max(options.heads, 1),
            dropout: options.attentionDropout, kernelInitializer: initializer)
        attentionNormalization = LayerNormalization(
            epsilon: options.epsilon, name: "attention_normalization")
        intermediate = Dense(
            options.intermediateSize, activation: options.activation,
            kernelInitializer: initializer)
        output = Dense(options.hiddenSize, kernelInitializer: initializer)
        outputNormalization = LayerNormalization(
            epsilon: options.epsilon, name: "output_normalization")
        dropout = Dropout(options.dropout)
        self.name = name
    }

    public func call(_ inputs: [Tensor], context: CallContext) throws -> Tensor {
        guard inputs.count == 2 else {
            throw LayerError(
                path: context.path,
                "expected the states and the key mask, received \(inputs.count) tensors")
        }
        let x = inputs[0]
        let attended = try attention(x, x, attentionMask: inputs[1])
        let y = try attentionNormalization(x + dropout(attended))
        return try outputNormalization(y + dropout(output(intermediate(y))))
    }
}
