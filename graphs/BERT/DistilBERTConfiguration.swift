import Martlet

/// The sizes and rates of a DistilBERT, under the names of Hugging Face's `config.json`.
public struct DistilBERTConfiguration: Hashable, Sendable {
    /// `vocab_size`.
    public var vocabularySize = 30_522
    /// `dim`.
    public var hiddenSize = 768
    /// `n_layers`.
    public var layers = 6
    /// `n_heads`; must divide `hiddenSize`.
    public var heads = 12
    /// `hidden_dim`.
    public var intermediateSize = 3_072
    /// `activation`.
    public var activation: ActivationFunction = .gelu
    public var dropout = 0.1
    public var attentionDropout = 0.1
    /// `seq_classif_dropout`.
    public var classifierDropout = 0.2
    /// The longest sequence: `max_position_embeddings`.
    public var maxPositions = 512
    /// The standard deviation of fresh weights.
    public var initializerRange = 0.02
    /// The names of the classes in the order of their numbers: `id2label`.
    public var labelNames: [String] = []

    /// DistilBERT-base, uncased: 66,362,880 parameters.
    public init() {}

    /// Fixed in Hugging Face's code.
    static let epsilon = 1e-12

    /// With one rate for every dropout; as it is where that is nil.
    func with(dropout: Double?) -> DistilBERTConfiguration {
        guard let dropout else { return self }
        var changed = self
        changed.dropout = dropout
        changed.attentionDropout = dropout
        changed.classifierDropout = dropout
        return changed
    }

    var initializer: Initializer { .normal(standardDeviation: initializerRange) }

    var block: EncoderBlock.Options {
        EncoderBlock.Options(
            hiddenSize: hiddenSize, heads: heads, intermediateSize: intermediateSize,
            activation: activation, dropout: dropout, attentionDropout: attentionDropout,
            epsilon: Self.epsilon, initializer: initializer)
    }
}

extension DistilBERTConfiguration: PretrainedConfiguration {
    public static let modelType = "distilbert"

    /// Reads the fields of a `config.json`. What is wrong is reported to `fields`, all at once.
    public init(_ fields: JSONFields) {
        self.init()
        fields.requireModelType(Self.modelType)
        vocabularySize = fields.size("vocab_size")
        hiddenSize = fields.size("dim")
        layers = fields.size("n_layers", limit: 1_000)
        heads = fields.size("n_heads")
        fields.requireDivisor("n_heads", heads, of: "dim", hiddenSize)
        intermediateSize = fields.size("hidden_dim")
        maxPositions = fields.size("max_position_embeddings")
        activation = fields.huggingFaceActivation("activation")
        dropout = fields.number("dropout", in: 0...1, default: 0.1)
        attentionDropout = fields.number("attention_dropout", in: 0...1, default: 0.1)
        classifierDropout = fields.number("seq_classif_dropout", in: 0...1, default: 0.2)
        initializerRange = fields.number("initializer_range", in: 0...1_000, default: 0.02)
        labelNames = fields.labelNames()
    }

    public var json: JSONObject {
        var object = JSONObject()
        object["model_type"] = .string(Self.modelType)
        object["vocab_size"] = .integer(Int64(vocabularySize))
        object["dim"] = .integer(Int64(hiddenSize))
        object["n_layers"] = .integer(Int64(layers))
        object["n_heads"] = .integer(Int64(heads))
        object["hidden_dim"] = .integer(Int64(intermediateSize))
        object["max_position_embeddings"] = .integer(Int64(maxPositions))
        object["activation"] = .string(activation.huggingFaceName)
        object["dropout"] = .number(dropout)
        object["attention_dropout"] = .number(attentionDropout)
        object["seq_classif_dropout"] = .number(classifierDropout)
        object["initializer_range"] = .number(initializerRange)
        object.setLabelNames(labelNames)
        return object
    }
}
