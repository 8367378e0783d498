import Martlet

/// The models known by name, with the recipe to train each: what the command line, the benchmarks
/// and the guides share.
public enum ModelCatalog {
    /// In the order they are listed.
    public static let entries: [Entry] = [agNewsTransformer]

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
        public let recipe: Recipe
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

    /// How a model is trained unless told otherwise.
    public struct Recipe: Sendable {
        public var optimizer: Optimizer
        public var loss: Loss
        public var batchSize: Int
        public var epochCount: Int
    }

    private static let agNewsTransformer = Entry(
        name: AGNewsTransformer.name,
        abstract: "one transformer block that tells the topic of a news item",
        classNames: AGNewsTransformer.classNames,
        recipe: Recipe(
            optimizer: .adam(), loss: .sparseCategoricalCrossentropy(), batchSize: 128,
            epochCount: 1)
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
