/// The closed set of operations.
///
/// Each case carries a small struct that holds the attributes and every rule of that op. The one
/// `switch` of `operation` has no `default`, so the compiler finds a missing op.
///
/// Primitive ops follow StableHLO's names and meaning where one exists. Composite ops state their
/// meaning as a decomposition into primitives (`CompositeOperation`).
public enum Op: Hashable, Sendable {
    // Leaves.
    case input(Input)
    case constant(Constant)
    case iota(Iota)
    case dimensionSize(DimensionSize)
    case randomBits(RandomBits)
    // Elementwise.
    case unary(Unary)
    case binary(Binary)
    case compare(Compare)
    case select(Select)
    case convert(Convert)
    // Movement of data.
    case broadcastInDim(BroadcastInDim)
    case reshape(Reshape)
    case transpose(Transpose)
    case slice(Slice)
    case pad(Pad)
    case concatenate(Concatenate)
    case gather(Gather)
    case scatterAdd(ScatterAdd)
    case packIndices(PackIndices)
    case packTokens(PackTokens)
    case unpackTokens(UnpackTokens)
    // Contractions and reductions.
    case dotGeneral(DotGeneral)
    case reduce(Reduce)
    case argMax(ArgMax)
    // Composites.
    case softmax(Softmax)
    case logSoftmax(LogSoftmax)
    case gelu(Gelu)
    case dropout(Dropout)
    case embedding(EmbeddingLookup)
    case embeddingGradient(EmbeddingGradient)
    case biasActivation(BiasActivation)
    case biasActivationGradient(BiasActivationGradient)
    case layerNorm(LayerNorm)
    case layerNormGradient(LayerNormGradient)
    case attention(Attention)
    case attentionGradient(AttentionGradient)
    case packedAttention(PackedAttention)
    case packedAttentionGradient(PackedAttentionGradient)
    case softmaxCrossEntropy(SoftmaxCrossEntropy)
    case softmaxCrossEntropyGradient(SoftmaxCrossEntropyGradient)
    case sgdUpdate(SGDUpdate)
    case adamUpdate(AdamUpdate)
    case embeddingAdamUpdate(EmbeddingAdamUpdate)

    /// The attributes with their rules.
    public var operation: any Operation {
        switch self {
        case .input(let operation): operation
        case .constant(let operation): operation
        case .iota(let operation): operation
        case .dimensionSize(let operation): operation
        case .randomBits(let operation): operation
        case .unary(let operation): operation
        case .binary(let operation): operation
        case .compare(let operation): operation
        case .select(let operation): operation
        case .convert(let operation): operation
        case .broadcastInDim(let operation): operation
        case .reshape(let operation): operation
        case .transpose(let operation): operation
        case .slice(let operation): operation
        case .pad(let operation): operation
        case .concatenate(let operation): operation
        case .gather(let operation): operation
        case .scatterAdd(let operation): operation
        case .packIndices(let operation): operation
        case .packTokens(let operation): operation
        case .unpackTokens(let operation): operation
        case .dotGeneral(let operation): operation
        case .reduce(let operation): operation
        case .argMax(let operation): operation
        case .softmax(let operation): operation
        case .logSoftmax(let operation): operation
        case .gelu(let operation): operation
        case .dropout(let operation): operation
        case .embedding(let operation): operation
        case .embeddingGradient(let operation): operation
        case .biasActivation(let operation): operation
        case .biasActivationGradient(let operation): operation
        case .layerNorm(let operation): operation
        case .layerNormGradient(let operation): operation
        case .attention(let operation): operation
        case .attentionGradient(let operation): operation
        case .packedAttention(let operation): operation
        case .packedAttentionGradient(let operation): operation
        case .softmaxCrossEntropy(let operation): operation
        case .softmaxCrossEntropyGradient(let operation): operation
        case .sgdUpdate(let operation): operation
        case .adamUpdate(let operation): operation
        case .embeddingAdamUpdate(let operation): operation
        }
    }

    /// The name in the textual IR: `dot_general`, `add`.
    public var name: String { operation.name }

    /// The types of the results, known to be sizes: no extent is ever negative, and the bytes at
    /// the symbols' bounds are within an `Int`. This is the one gate against overflow.
    ///
    /// - Throws: `TypeMismatch`
    func checkedResultTypes(_ operands: [TensorType]) throws -> [TensorType] {
        let types = try operation.resultTypes(operands)
        for type in types { try type.requireSize() }
        return types
    }

    /// The composite's rules; nil for a primitive.
    public var composite: (any CompositeOperation)? { operation as? any CompositeOperation }
}
