import Martlet

/// The models known by name, with the recipe to train each: what the command line, the benchmarks
/// and the guides share.
public enum ModelCatalog {
    /// In the order they are listed.
    public static let entries: [Entry] = [agNewsTransformer] + bertClassifiers

    /// The model of a name.
    ///
    /// - Throws: `UnknownModel`, whose message lists the names there are.
    public static func entry(_ name: String) throws -> Entry {
        guard let entry = entries.first(where: { $0.name == name }) else {
            throw UnknownModel(name: name)
        }
        return entry
    }

    /// One model.
    public struct Entry: Sendable {
        /// As on the command line: `ag-news-transformer`.
        public let name: String
        /// What it is, in half a sentence.
        public let abstract: String
        /// The names of its classes, in the order of its outputs.
        public let classNames: [String]
        /// Token ids are below this number.
        public let vocabularySize: Int
        public let recipe: Recipe
        /// The names of weights and inputs in the files of `Benchmarks`, by which Martlet and its
        /// peers are given the same numbers.
        public let benchmarkNames: BenchmarkNames
        /// Whether the output is logits rather than probabilities.
        public internal(set) var givesLogits = false
        let build: @Sendable (Changes) throws -> Model

        /// Declares a new model, with the sizes it has by default or as changed.
        ///
        /// - Throws: `LayerError` or `GraphError` where a change makes no sense.
        public func model(_ changes: Changes = Changes()) throws -> Model { try build(changes) }
    }

    /// What may differ from a model's own sizes; nil leaves it.
    public struct Changes: Hashable, Sendable {
        public var sequenceLength: Int?
        /// The rate of every dropout layer.
        public var dropout: Double?

        public init(sequenceLength: Int? = nil, dropout: Double? = nil) {
            self.sequenceLength = sequenceLength
            self.dropout = dropout
        }
    }

    /// What the files of `Benchmarks` call a model's weights and inputs.
    public struct BenchmarkNames: Hashable, Sendable {
        /// A weight's path in the model → its name there.
        public var weights: [String: String]
        /// A graph's input → its name there.
        public var inputs: [String: String]
        /// For weights in another layout, as Hugging Face's: where and how they are stored.
        public var map: TensorMap?
    }

    /// How a model is trained unless told otherwise.
    public struct Recipe: Sendable {
        public var optimizer: Optimizer
        public var loss: Loss
        public var batchSize: Int
        public var epochCount: Int
    }

    private static let agNewsTransformerNames: BenchmarkNames = {
        let embedding = "token_and_position_embedding"
        let block = "transformer_block"
        var weights = [
            "\(embedding)/token_embedding/embeddings": "token_embedding",
            "\(embedding)/position_embedding/embeddings": "position_embedding",
        ]
        let kernels = [
            ("\(block)/attention/query", "attention.query"),
            ("\(block)/attention/key", "attention.key"),
            ("\(block)/attention/value", "attention.value"),
            ("\(block)/attention/attention_output", "attention.output"),
            ("\(block)/inner", "feed_forward1"), ("\(block)/outer", "feed_forward2"),
            ("dense", "dense"),
            ("dense_1", "classifier"),
        ]
        for (path, name) in kernels {
            for part in ["kernel", "bias"] { weights["\(path)/\(part)"] = "\(name).\(part)" }
        }
        for number in 1...2 {
            for part in ["gamma", "beta"] {
                weights["\(block)/normalization_\(number)/\(part)"] = "norm\(number).\(part)"
            }
        }
        return BenchmarkNames(weights: weights, inputs: ["text_vectorization": "input_ids"])
    }()

    private static let agNewsTransformer = Entry(
        name: AGNewsTransformer.name,
        abstract: "one transformer block that tells the topic of a news item",
        classNames: AGNewsTransformer.classNames,
        vocabularySize: AGNewsTransformer.Hyperparameters().vocabularySize,
        recipe: Recipe(
            optimizer: .adam(), loss: .sparseCategoricalCrossentropy(), batchSize: 128,
            epochCount: 1),
        benchmarkNames: agNewsTransformerNames
    ) { changes in
        var sizes = AGNewsTransformer.Hyperparameters()
        sizes.length = changes.sequenceLength ?? sizes.length
        sizes.dropout = changes.dropout ?? sizes.dropout
        return try AGNewsTransformer.model(sizes)
    }
}

/// A name that is not in the catalogue.
public struct UnknownModel: Error, Hashable, CustomStringConvertible {
    public let name: String

    public var description: String {
        let names = ModelCatalog.entries.map(\.name).joined(separator: ", ")
        return "there is no model \"\(name)\"; the models are \(names)"
    }
}
