import Martlet

/// The lesson's classifier of AG News: text vectorization, token and position embedding, one
/// transformer block, the mean over the steps, and two dense layers.
public enum AGNewsTransformer {
    /// The name on the command line.
    public static let name = "ag-news-transformer"

    public static let classNames = ["World", "Sports", "Business", "Sci/Tech"]

    /// The sizes of the model; the defaults are the lesson's.
    public struct Hyperparameters: Hashable, Sendable, Codable {
        public var vocabularySize = 20_000
        public var length = 256
        public var dimension = 32
        public var heads = 2
        public var feedForward = 32
        public var hiddenUnits = 20
        public var classes = 4
        public var dropout = 0.1
        /// Whether padding is kept out of attention and of the mean; the lesson averages over it.
        public var maskZero = false

        public init() {}
    }

    /// The layer that learns the vocabulary.
    public static func vectorization(
        _ hyperparameters: Hyperparameters = Hyperparameters()
    ) -> TextVectorization {
        TextVectorization(
            maxTokens: hyperparameters.vocabularySize,
            outputSequenceLength: hyperparameters.length)
    }

    /// The model behind a text vectorization, which may be adapted before or after.
    public static func model(
        _ hyperparameters: Hyperparameters = Hyperparameters(),
        vectorization: TextVectorization? = nil
    ) throws -> Sequential {
        let sizes = hyperparameters
        return try Sequential("ag_news_transformer") {
            vectorization ?? Self.vectorization(sizes)
            TokenAndPositionEmbedding(
                maxLength: sizes.length, vocabularySize: sizes.vocabularySize,
                dimension: sizes.dimension, maskZero: sizes.maskZero)
            TransformerBlock(
                dimension: sizes.dimension, heads: sizes.heads, feedForward: sizes.feedForward,
                rate: sizes.dropout)
            GlobalAveragePooling1D()
            Dropout(sizes.dropout)
            Dense(sizes.hiddenUnits, activation: .relu)
            Dropout(sizes.dropout)
            Dense(sizes.classes, activation: .softmax)
        }
    }
}
