import Martlet

/// The first layer of BERT: the rows of each token, its segment and its position, added,
/// normalized, and dropped out.
///
/// Takes ids `[batch, length]` and, unless `tokenTypes` is nil, segment numbers of the same shape;
/// returns `[batch, length, hidden]`.
public final class BERTEmbeddings: Layer {
    public let wordEmbeddings: Embedding
    public let positionEmbeddings: Embedding
    /// Nil for models without segments, as DistilBERT.
    public let tokenTypeEmbeddings: Embedding?
    public let normalization: LayerNormalization
    public let dropout: Dropout
    public let name: String?

    /// - Parameters:
    ///   - maxPositions: the longest sequence.
    ///   - tokenTypes: how many segments are told apart; nil for none.
    public init(
        vocabularySize: Int, maxPositions: Int, tokenTypes: Int?, hiddenSize: Int,
        epsilon: Double, dropout: Double, initializer: Initializer, name: String? = nil
    ) {
        func table(_ rows: Int) -> Embedding {
            Embedding(
                inputDimension: rows, outputDimension: hiddenSize,
                embeddingsInitializer: initializer)
        }
        wordEmbeddings = table(vocabularySize)
        positionEmbeddings = table(maxPositions)
        tokenTypeEmbeddings = tokenTypes.map(table)
        normalization = LayerNormalization(epsilon: epsilon)
        self.dropout = Dropout(dropout)
        self.name = name
    }

    public func call(_ inputs: [Tensor], context: CallContext) throws -> Tensor {
        let expected = tokenTypeEmbeddings == nil ? 1 : 2
        guard inputs.count == expected, inputs.allSatisfy({ $0.rank == 2 }) else {
            throw LayerError(
                path: context.path,
                "expected \(expected) tensors [batch, length], received \(inputs)")
        }
        let length = inputs[0].shape[1]
        let positions = positionEmbeddings.inputDimension
        guard let bound = length.bound, bound <= positions else {
            throw LayerError(
                path: context.path,
                "sequences of \(length.bound.map { "\($0)" } ?? "\(length)") tokens are longer than "
                    + "the \(positions) positions of the model; cut them, and set maxLength")
        }
        var sum = try wordEmbeddings(inputs[0])
        if let tokenTypeEmbeddings { sum = try sum + tokenTypeEmbeddings(inputs[1]) }
        sum = try sum + positionEmbeddings(context.range(length))
        return try dropout(normalization(sum))
    }
}
