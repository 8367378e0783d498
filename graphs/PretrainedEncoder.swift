import Martlet
import MartletJSON

/// A checkpoint of any family, recognised by the `model_type` of its folder.
public struct PretrainedEncoder: Sendable {
    /// The families that can be loaded.
    public static let modelTypes = [BERTConfiguration.modelType, DistilBERTConfiguration.modelType]

    public let model: Model
    public let tokenizer: WordPieceTokenizer
    public let report: WeightReport
    /// The weights by the names of the model's parameters.
    public let weights: [String: [Float]]
    /// The longest sequence the checkpoint has positions for.
    public let maxPositions: Int
    /// The names of the classes in the order of their numbers; empty for a bare encoder.
    public let labelNames: [String]
    /// The name of the encoder as a layer of a model with a head: what `freeze` takes.
    public let encoderLayerName: String
    /// The number of the encoder's blocks.
    public let layerCount: Int
    private let write: @Sendable (String, [String: [Float]]?, Int?) throws -> Void

    /// Loads a folder; see `BERT.fromPretrained` for the arguments.
    ///
    /// - Throws: `JSONProblems` where the family is not known; what `fromPretrained` throws.
    public init(
        _ folder: String, head: EncoderHead = .bare, maxLength: Int? = nil,
        preprocesses: Bool = false, labelNames: [String]? = nil, dropout: Double? = nil,
        options: LoadingOptions = LoadingOptions()
    ) throws {
        let type = try HuggingFaceFolder.modelType(folder)
        switch type {
        case BERTConfiguration.modelType:
            let loaded = try BERT.fromPretrained(
                folder, head: head, maxLength: maxLength, preprocesses: preprocesses,
                labelNames: labelNames, dropout: dropout, options: options)
            self.init(
                loaded, encoderLayerName: type, layerCount: loaded.configuration.layers,
                maxPositions: loaded.configuration.maxPositions)
        case DistilBERTConfiguration.modelType:
            let loaded = try DistilBERT.fromPretrained(
                folder, head: head, maxLength: maxLength, preprocesses: preprocesses,
                labelNames: labelNames, dropout: dropout, options: options)
            self.init(
                loaded, encoderLayerName: type, layerCount: loaded.configuration.layers,
                maxPositions: loaded.configuration.maxPositions)
        default:
            throw JSONProblems(
                source: "\(folder)/config.json",
                problems: [
                    "model_type: \"\(type)\" cannot be loaded; expected one of "
                        + Self.modelTypes.joined(separator: ", ")
                ])
        }
    }

    private init<Configuration>(
        _ loaded: PretrainedModel<Configuration>, encoderLayerName: String, layerCount: Int,
        maxPositions: Int
    ) {
        model = loaded.model
        tokenizer = loaded.tokenizer
        report = loaded.report
        weights = loaded.weights
        labelNames = loaded.configuration.labelNames
        self.maxPositions = maxPositions
        self.encoderLayerName = encoderLayerName
        self.layerCount = layerCount
        write = { try loaded.save(to: $0, weights: $1, maxLength: $2) }
    }

    /// Writes a folder that transformers loads.
    ///
    /// - Parameters:
    ///   - weights: what to save; those loaded by default.
    ///   - maxLength: the longest sequence the model was trained on, for the tokenizer's
    ///     `model_max_length`; as it was by default.
    public func save(
        to folder: String, weights: [String: [Float]]? = nil, maxLength: Int? = nil
    ) throws {
        try write(folder, weights, maxLength)
    }
}
