import Martlet

/// The sizes and rates of a BERT, under the names of Hugging Face's `config.json`.
public struct BERTConfiguration: Hashable, Sendable {
    /// Rows of the table of tokens: `vocab_size`.
    public var vocabularySize = 30_522
    public var hiddenSize = 768
    /// Blocks: `num_hidden_layers`.
    public var layers = 12
    /// `num_attention_heads`; must divide `hiddenSize`.
    public var heads = 12
    public var intermediateSize = 3_072
    /// `hidden_act`; "gelu" is the one by the error function.
    public var activation: ActivationFunction = .gelu
    /// `hidden_dropout_prob`.
    public var dropout = 0.1
    /// `attention_probs_dropout_prob`.
    public var attentionDropout = 0.1
    /// `classifier_dropout`; `dropout` where it is nil.
    public var classifierDropout: Double?
    /// The longest sequence: `max_position_embeddings`.
    public var maxPositions = 512
    /// `type_vocab_size`.
    public var tokenTypes = 2
    /// `layer_norm_eps`.
    public var epsilon = 1e-12
    /// The standard deviation of fresh weights.
    public var initializerRange = 0.02
    /// The names of the classes in the order of their numbers: `id2label`.
    public var labelNames: [String] = []

    /// BERT-base, uncased: 109,482,240 parameters.
    public init() {}

    private init(layers: Int, hiddenSize: Int, heads: Int) {
        self.layers = layers
        self.hiddenSize = hiddenSize
        self.heads = heads
        intermediateSize = 4 * hiddenSize
    }

    /// The lesson's small BERT, L-4 H-128 A-2: 4,782,464 parameters.
    public static let small = BERTConfiguration(layers: 4, hiddenSize: 128, heads: 2)
    /// MiniLM, 6 layers of 384: 22,713,216 parameters.
    public static let miniLM = BERTConfiguration(layers: 6, hiddenSize: 384, heads: 12)
    /// 109,482,240 parameters.
    public static let base = BERTConfiguration()
    /// 335,141,888 parameters.
    public static let large = BERTConfiguration(layers: 24, hiddenSize: 1_024, heads: 16)

    /// With one rate for every dropout; as it is where that is nil.
    func with(dropout: Double?) -> BERTConfiguration {
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
            epsilon: epsilon, initializer: initializer)
    }
}

extension BERTConfiguration: PretrainedConfiguration {
    public static let modelType = "bert"

    /// Reads the fields of a `config.json`. What is wrong is reported to `fields`, all at once.
    public init(_ fields: JSONFields) {
        self.init()
        fields.requireModelType(Self.modelType)
        vocabularySize = fields.size("vocab_size")
        hiddenSize = fields.size("hidden_size")
        layers = fields.size("num_hidden_layers", limit: 1_000)
        heads = fields.size("num_attention_heads")
        fields.requireDivisor("num_attention_heads", heads, of: "hidden_size", hiddenSize)
        intermediateSize = fields.size("intermediate_size")
        maxPositions = fields.size("max_position_embeddings")
        tokenTypes = fields.size("type_vocab_size")
        activation = fields.huggingFaceActivation("hidden_act")
        dropout = fields.number("hidden_dropout_prob", in: 0...1, default: 0.1)
        attentionDropout = fields.number("attention_probs_dropout_prob", in: 0...1, default: 0.1)
        classifierDropout = fields.optionalNumber("classifier_dropout", in: 0...1)
        epsilon = fields.number("layer_norm_eps", in: 0...1, default: 1e-12)
        initializerRange = fields.number("initializer_range", in: 0...1_000, default: 0.02)
        labelNames = fields.labelNames()
        if fields.string("position_embedding_type", default: "absolute") != "absolute" {
            fields.report(
                "position_embedding_type", "only \"absolute\" positions are supported")
        }
        for key in ["is_decoder", "add_cross_attention"] where fields.bool(key, default: false) {
            fields.report(key, "decoders are not supported; expected false")
        }
    }

    public var json: JSONObject {
        var object = JSONObject()
        object["model_type"] = .string(Self.modelType)
        object["vocab_size"] = .integer(Int64(vocabularySize))
        object["hidden_size"] = .integer(Int64(hiddenSize))
        object["num_hidden_layers"] = .integer(Int64(layers))
        object["num_attention_heads"] = .integer(Int64(heads))
        object["intermediate_size"] = .integer(Int64(intermediateSize))
        object["max_position_embeddings"] = .integer(Int64(maxPositions))
        object["type_vocab_size"] = .integer(Int64(tokenTypes))
        object["hidden_act"] = .string(activation.huggingFaceName)
        object["hidden_dropout_prob"] = .number(dropout)
        object["attention_probs_dropout_prob"] = .number(attentionDropout)
        object["classifier_dropout"] = classifierDropout.map { .number($0) } ?? .null
        object["layer_norm_eps"] = .number(epsilon)
        object["initializer_range"] = .number(initializerRange)
        object.setLabelNames(labelNames)
        return object
    }
}
