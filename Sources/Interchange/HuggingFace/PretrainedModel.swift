import MartletFiles
import MartletJSON
import MartletLayers
import MartletText

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A model with the weights and the tokenizer of a Hugging Face folder.
public struct PretrainedModel<Configuration: PretrainedConfiguration>: Sendable {
    public let model: Model
    public let configuration: Configuration
    public let tokenizer: WordPieceTokenizer
    /// What was fresh, unused, or of another shape.
    public let report: WeightReport
    /// The weights by the names of the model's parameters.
    public var weights: [String: [Float]]
    /// The class in transformers, for `architectures`.
    let architecture: String
    let map: TensorMap
    /// `config.json` as it was, with fields Martlet does not know.
    let document: JSONObject
    let folder: String

    /// How a model is made from a folder.
    public struct Recipe {
        /// The class in transformers: `BertForSequenceClassification`.
        public var architecture: String
        public var map: TensorMap
        /// The mapping of the table of tokens, whose rows must be as many as the vocabulary.
        public var wordEmbeddings: String
        public var vocabularySize: Int

        public init(
            architecture: String, map: TensorMap, wordEmbeddings: String, vocabularySize: Int
        ) {
            self.architecture = architecture
            self.map = map
            self.wordEmbeddings = wordEmbeddings
            self.vocabularySize = vocabularySize
        }
    }

    /// Loads the folder `folder`.
    ///
    /// - Parameters:
    ///   - configure: changes the configuration read from the folder, for a new head.
    ///   - recipe: the architecture's names of tensors.
    ///   - build: declares the model.
    /// - Throws: `JSONProblems` with everything wrong in `config.json`, `TokenizerError`,
    ///   `SafetensorsError`, and `PretrainedError` with all tensors that do not fit.
    public init(
        folder: String, options: LoadingOptions,
        configure: (inout Configuration) -> Void = { _ in },
        recipe: (Configuration) -> Recipe,
        build: (Configuration, WordPieceTokenizer) throws -> Model
    ) throws {
        var (configuration, document) = try Configuration.read(folder: folder)
        configure(&configuration)
        let tokenizer = try WordPieceTokenizer(folder: folder)
        let tensors = try SafetensorsFolder(path: folder)
        let recipe = recipe(configuration)
        try Self.checkVocabulary(folder, tokenizer, tensors, recipe)
        let model = try build(configuration, tokenizer)
        var loader = WeightLoader(
            recipe.map, tensors, modelName: recipe.architecture, options)
        (weights, report) = try loader.load(try model.parameters)
        self.model = model
        self.configuration = configuration
        self.tokenizer = tokenizer
        self.folder = folder
        self.document = document
        architecture = recipe.architecture
        map = recipe.map
    }

    /// The table of tokens, `vocab_size` and the tokenizer must agree; a table may be larger
    /// than the vocabulary.
    private static func checkVocabulary(
        _ folder: String, _ tokenizer: WordPieceTokenizer, _ tensors: SafetensorsFolder,
        _ recipe: Recipe
    ) throws {
        let candidates = [recipe.map.basePrefix + recipe.wordEmbeddings, recipe.wordEmbeddings]
        let rows = candidates.compactMap { tensors[$0]?.shape.first }.first
        guard let rows else { return }
        let size = recipe.vocabularySize
        guard rows == size, tokenizer.idCount <= rows else {
            throw PretrainedError(
                folder: folder,
                problems: [
                    "the table of tokens has \(rows) rows, config.json has vocab_size \(size), "
                        + "the tokenizer has \(tokenizer.idCount) ids; rows and vocab_size must "
                        + "be equal, and no less than the ids"
                ])
        }
    }
}

/// Files beside the weights that saving copies.
private let tokenizerFileNames = [
    "tokenizer.json", "tokenizer_config.json", "vocab.txt", "special_tokens_map.json",
    "added_tokens.json",
]

extension PretrainedModel {
    /// Writes a folder that transformers loads: `config.json`, `model.safetensors`, and the files
    /// of the tokenizer, each whole or not at all, the configuration last.
    ///
    /// - Parameters:
    ///   - weights: what to save; those loaded by default.
    ///   - maxLength: where the tokenizer shall cut texts: `model_max_length` of
    ///     `tokenizer_config.json`; as it was by default.
    /// - Throws: `FileError` where writing fails, `PretrainedError` where a weight is missing.
    public func save(
        to target: String, weights: [String: [Float]]? = nil, maxLength: Int? = nil
    ) throws {
        let weights = weights ?? self.weights
        let specifications = try model.parameters
        let missing = specifications.filter { weights[$0.name]?.count != $0.elementCount }
        guard missing.isEmpty else {
            throw PretrainedError(
                folder: target,
                problems: missing.map { "weight \($0.name) of \($0.type) was not given" })
        }
        guard mkdir(target, 0o777) == 0 || errno == EEXIST else {
            throw FileError.system(target, cannot: "create the folder")
        }
        try SafetensorsFile.write(
            fileTensors(specifications, weights), metadata: [(key: "format", value: "pt")],
            to: "\(target)/model.safetensors")
        for name in tokenizerFileNames where access("\(folder)/\(name)", F_OK) == 0 {
            let bytes = try ReadableFile.contents(of: "\(folder)/\(name)")
            try AtomicFile.write(bytes, to: "\(target)/\(name)")
        }
        if let maxLength {
            try HuggingFaceFolder.setMaxLength(maxLength, of: target)
        }
        let json = JSONValue.object(savedConfiguration).serialized(.indented)
        try AtomicFile.write(json + [0x0A], to: "\(target)/config.json")
    }

    private func fileTensors(
        _ specifications: [ParameterSpecification], _ weights: [String: [Float]]
    ) -> [SafetensorsTensor] {
        let mappings = Dictionary(
            map.mappings.map { ($0.parameter, $0) }, uniquingKeysWith: { first, _ in first })
        let hasHead = map.mappings.contains { !$0.isInBase }
        return specifications.map { specification in
            let values = weights[specification.name] ?? []
            guard let mapping = mappings[specification.name] else {
                return SafetensorsTensor(
                    name: specification.name, shape: specification.extents, floats: values)
            }
            let prefix = hasHead && mapping.isInBase ? map.basePrefix : ""
            let extents = specification.extents
            return SafetensorsTensor(
                name: prefix + mapping.tensor, dtype: .f32, shape: mapping.fileShape(extents)
            ) { write in
                // Transposed when it is written, one tensor at a time.
                try mapping.fileOrder(values, extents: extents).withUnsafeBytes { try write($0) }
            }
        }
    }

    /// The document that was read, with what is now known; float32 whatever it was.
    private var savedConfiguration: JSONObject {
        var object = document
        for member in configuration.json.members { object[member.key] = member.value }
        object["architectures"] = [.string(architecture)]
        for key in ["torch_dtype", "dtype"] where object[key] != nil { object[key] = "float32" }
        return object
    }
}
