import Martlet

extension DistilBERT {
    /// A DistilBERT with the weights of a Hugging Face folder; see `BERT.fromPretrained`.
    public static func fromPretrained(
        _ folder: String, head: EncoderHead = .bare, maxLength: Int? = nil,
        preprocesses: Bool = false, labelNames: [String]? = nil, dropout: Double? = nil,
        options: LoadingOptions = LoadingOptions()
    ) throws -> PretrainedModel<DistilBERTConfiguration> {
        try head.check(labelNames: labelNames)
        let loaded = try PretrainedModel(
            folder: folder, options: options,
            configure: { head.setLabelNames(of: &$0, to: labelNames) },
            recipe: { configuration in
                PretrainedModel<DistilBERTConfiguration>.Recipe(
                    architecture: head == .bare
                        ? "DistilBertModel" : "DistilBertForSequenceClassification",
                    map: tensorMap(
                        configuration, head: head, isNested: head != .bare || preprocesses),
                    wordEmbeddings: "embeddings.word_embeddings.weight",
                    vocabularySize: configuration.vocabularySize)
            },
            build: { configuration, tokenizer in
                try model(
                    configuration.with(dropout: dropout), head: head, maxLength: maxLength,
                    preprocessor: preprocesses
                        ? BERTPreprocessor(
                            tokenizer,
                            maxLength: maxLength ?? min(128, configuration.maxPositions)) : nil)
            })
        try loaded.model.setWeights(loaded.weights)
        return loaded
    }

    /// Where Hugging Face keeps each weight.
    ///
    /// - Parameter isNested: whether the encoder is a layer named `distilbert` of a larger model.
    static func tensorMap(
        _ configuration: DistilBERTConfiguration, head: EncoderHead, isNested: Bool
    ) -> TensorMap {
        let path = isNested ? "distilbert/" : ""
        var mappings = ["word", "position"].map {
            TensorMapping(
                "\(path)embeddings/\($0)_embeddings/embeddings",
                "embeddings.\($0)_embeddings.weight")
        }
        mappings += TensorMapping.normalization(
            "\(path)embeddings/normalization", "embeddings.LayerNorm")
        for index in 0..<configuration.layers {
            let layer = "\(path)layer_\(index)"
            let module = "transformer.layer.\(index)"
            for (part, letter) in [("query", "q"), ("key", "k"), ("value", "v")] {
                mappings += TensorMapping.linear(
                    "\(layer)/attention/\(part)", "\(module).attention.\(letter)_lin")
            }
            mappings += TensorMapping.linear(
                "\(layer)/attention/attention_output", "\(module).attention.out_lin", inputAxes: 2)
            mappings += TensorMapping.normalization(
                "\(layer)/attention_normalization", "\(module).sa_layer_norm")
            mappings += TensorMapping.linear("\(layer)/intermediate", "\(module).ffn.lin1")
            mappings += TensorMapping.linear("\(layer)/output", "\(module).ffn.lin2")
            mappings += TensorMapping.normalization(
                "\(layer)/output_normalization", "\(module).output_layer_norm")
        }
        if head != .bare {
            for name in ["pre_classifier", "classifier"] {
                mappings += TensorMapping.linear(
                    name, name, isInBase: false, absence: .initialized)
            }
        }
        return TensorMap(
            mappings, basePrefix: "distilbert.", baseParts: ["embeddings.", "transformer."],
            ignoredSuffixes: ["embeddings.position_ids"])
    }
}
