import Martlet
import MartletGraphs
import MartletText
import TestSupport
import Testing

/// The code of the README.
struct ReadMeTests {
    /// Reads a few rows of the embedded corpus, whatever the path.
    struct AGNewsReader {
        let path: String

        func readAll() throws -> [AGNewsExample] {
            let rows = NewsCorpus.training(rowCount: path == "fit.csv" ? 8 : 4)
            return try MartletText.AGNewsReader(text: rows.csv, name: path).readAll()
        }
    }

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
        let dropout1 = Dropout(0.1)
        let dropout2 = Dropout(0.1)

        init(dimension: Int, heads: Int, feedForward: Int) throws {
            attention = MultiHeadAttention(heads: heads, keyDimension: dimension)
            self.feedForward = try Sequential {
                Dense(feedForward, activation: .relu)
                Dense(dimension)
            }
        }

        func call(_ x: Tensor, context: CallContext) throws -> Tensor {
            let attended = try normalization1(x + dropout1(attention(x, x)))
            return try normalization2(attended + dropout2(feedForward(attended)))
        }
    }

    @Test func theProgramTrainsAndPredicts() async throws {
        let train = try AGNewsReader(path: "fit.csv").readAll()
        let test = try AGNewsReader(path: "validate.csv").readAll()

        let vectorize = TextVectorization(maxTokens: 20_000, outputSequenceLength: 256)
        try vectorize.adapt(train.map(\.text))

        let model = try Sequential("news") {
            vectorize
            TokenAndPositionEmbedding(maxLength: 256, vocabularySize: 20_000, dimension: 32)
            try TransformerBlock(dimension: 32, heads: 2, feedForward: 32)
            GlobalAveragePooling1D()
            Dropout(0.1)
            Dense(20, activation: .relu)
            Dropout(0.1)
            Dense(4, activation: .softmax)
        }
        try model.compile(
            optimizer: .adam(), loss: .sparseCategoricalCrossentropy(), metrics: [.accuracy])
        let history = try await model.fit(
            Dataset(train).shuffled(bufferSize: 10_000, seed: 1).batched(128),
            validation: Dataset(test).batched(128), epochs: 1)
        let topics = try await model.predict(["Shares fell after the bank reported losses"])

        #expect(history.keys == ["accuracy", "loss", "val_accuracy", "val_loss"])
        #expect(topics.first.shape == [1, 4])
        #expect(try model.parameters.map(\.elementCount).reduce(0, +) == 659_592)
    }

    @Test func readMeShowsThisCode() throws {
        try Guide("README.md").expectCode(minimumLineCount: 50)
    }
}
