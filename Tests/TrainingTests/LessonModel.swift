import MartletLayers

/// The lesson's own layers, written as a user would.
final class TokenAndPositionEmbedding: Layer {
    let token: Embedding
    let position: Embedding

    init(maxLength: Int, vocabularySize: Int, dimension: Int) {
        token = Embedding(inputDimension: vocabularySize, outputDimension: dimension)
        position = Embedding(inputDimension: maxLength, outputDimension: dimension)
    }

    func call(_ ids: Tensor, context: CallContext) throws -> Tensor {
        try token(ids) + position(context.range(ids.shape[1]))
    }
}

final class TransformerBlock: Layer {
    let attention: MultiHeadAttention
    let feedForward: Sequential
    let normalization1 = LayerNormalization(epsilon: 1e-6)
    let normalization2 = LayerNormalization(epsilon: 1e-6)
    let dropout1: Dropout
    let dropout2: Dropout

    init(dimension: Int, heads: Int, feedForward: Int, rate: Double = 0.1) throws {
        attention = MultiHeadAttention(heads: heads, keyDimension: dimension)
        self.feedForward = try Sequential {
            Dense(feedForward, activation: .relu)
            Dense(dimension)
        }
        dropout1 = Dropout(rate)
        dropout2 = Dropout(rate)
    }

    func call(_ x: Tensor, context: CallContext) throws -> Tensor {
        let attended = try normalization1(x + dropout1(attention(x, x)))
        return try normalization2(attended + dropout2(feedForward(attended)))
    }
}

enum Lesson {
    struct Sizes {
        var vocabularySize = 50
        var length = 12
        var dimension = 8
        var heads = 2
        var innerSize = 8
        var hiddenUnits = 20
        var classes = 4
        var dropout = 0.0
    }

    /// The classifier on token ids.
    static func classifier(_ sizes: Sizes) throws -> Sequential {
        try Sequential("news") {
            Input(shape: [Dimension(sizes.length)], dtype: .i32, name: "ids")
            TokenAndPositionEmbedding(
                maxLength: sizes.length, vocabularySize: sizes.vocabularySize,
                dimension: sizes.dimension)
            try TransformerBlock(
                dimension: sizes.dimension, heads: sizes.heads, feedForward: sizes.innerSize,
                rate: sizes.dropout)
            GlobalAveragePooling1D()
            Dropout(sizes.dropout)
            Dense(sizes.hiddenUnits, activation: .relu)
            Dropout(sizes.dropout)
            Dense(sizes.classes, activation: .softmax)
        }
    }
}
