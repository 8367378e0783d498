import MartletLayers

/// The lesson's own layers, written as a user would.
final class TokenAndPositionEmbedding: Layer {
    let tokenEmbedding: Embedding
    let positionEmbedding: Embedding
    let name: String?

    init(maxLength: Int, vocabularySize: Int, dimension: Int, name: String? = nil) {
        tokenEmbedding = Embedding(inputDimension: vocabularySize, outputDimension: dimension)
        positionEmbedding = Embedding(inputDimension: maxLength, outputDimension: dimension)
        self.name = name
    }

    func call(_ ids: Tensor, context: CallContext) throws -> Tensor {
        try tokenEmbedding(ids) + positionEmbedding(context.range(ids.shape[1]))
    }
}

final class TransformerBlock: Layer {
    let attention: MultiHeadAttention
    let inner: Dense
    let outer: Dense
    let normalization1 = LayerNormalization(epsilon: 1e-6, name: "normalization_1")
    let normalization2 = LayerNormalization(epsilon: 1e-6, name: "normalization_2")
    let dropouts: [Dropout]

    init(dimension: Int, heads: Int, feedForward: Int, rate: Double = 0.1) {
        attention = MultiHeadAttention(heads: heads, keyDimension: dimension)
        inner = Dense(feedForward, activation: .relu)
        outer = Dense(dimension)
        dropouts = [Dropout(rate), Dropout(rate)]
    }

    func call(_ x: Tensor, context: CallContext) throws -> Tensor {
        let attended = try normalization1(x + dropouts[0](attention(x, x)))
        return try normalization2(attended + dropouts[1](outer(inner(attended))))
    }
}

enum Lesson {
    static func classifier(
        vocabularySize: Int = 20_000, length: Int = 256, dimension: Int = 32, heads: Int = 2,
        feedForward: Int = 32, hiddenUnits: Int = 20, classes: Int = 4
    ) throws -> Sequential {
        try Sequential("news") {
            Input(shape: [Dimension(length)], dtype: .i32, name: "ids")
            TokenAndPositionEmbedding(
                maxLength: length, vocabularySize: vocabularySize, dimension: dimension,
                name: "embedding")
            TransformerBlock(dimension: dimension, heads: heads, feedForward: feedForward)
            GlobalAveragePooling1D()
            Dropout(0.1)
            Dense(hiddenUnits, activation: .relu, name: "hidden")
            Dropout(0.1)
            Dense(classes, activation: .softmax, name: "classifier")
        }
    }
}
