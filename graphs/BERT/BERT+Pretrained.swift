import Martlet

extension BERT {
    /// A BERT with the weights of a Hugging Face folder: `config.json`, `model.safetensors` (or
    /// shards with their index), and a tokenizer.
    ///
    /// The model is ready to be compiled and trained, or to predict; what it has learned is saved by
    /// `loaded.save(to: folder, weights: loaded.model.weights())`.
    ///
    /// Weights that the folder lacks, such as those of a new head, start afresh; the result's
    /// `report` says which.
    ///
    /// - Parameters:
    ///   - maxLength: the longest sequence the model will be given; all positions by default.
    ///   - preprocesses: whether the model takes strings, cut to `maxLength` (128 by default, or the
    ///     positions of the model if they are fewer).
    ///   - labelNames: the names of a new head's classes.
    ///   - dropout: the rate of every dropout instead of those in the folder, which are kept when
    ///     the model is saved.
    /// - Throws: errors that list everything wrong with the folder: see `PretrainedModel`.
    public static func fromPretrained(
        _ folder: String, head: EncoderHead = .bare, maxLength: Int? = nil,
        preprocesses: Bool = false, labelNames: [String]? = nil, dropout: Double? = nil,
        options: LoadingOptions = LoadingOptions()
    ) throws -> PretrainedModel<BERTConfiguration> {
        try head.check(labelNames: labelNames)
        let loaded = try PretrainedModel(
            folder: folder, options: options,
            configure: { head.setLabelNames(of: &$0, to: labelNames) },
            recipe: { configuration in
                PretrainedModel<BERTConfiguration>.Recipe(
                    architecture: head == .bare ? "BertModel" : "BertForSequenceClassification",
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
    /// - Parameter isNested: whether the encoder is a layer named `bert` of a larger model.
    static func tensorMap(
        _ configuration: BERTConfiguration, head: EncoderHead, isNested: Bool
    ) -> TensorMap {
        let path = isNested ? "bert/" : ""
        var mappings = ["word", "position", "token_type"].map {
            TensorMapping(
                "\(path)embeddings/\($0)_embeddings/embeddings",
                "embeddings.\($0)_embeddings.weight")
        }
        mappings += TensorMapping.normalization(
            "\(path)embeddings/normalization", "embeddings.LayerNorm")
        for index in 0..<configuration.layers {
            let layer = "\(path)layer_\(index)"
            let module = "encoder.layer.\(index)"
            for part in ["query", "key", "value"] {
                mappings += TensorMapping.linear(
                    "\(layer)/attention/\(part)", "\(module).attention.self.\(part)")
            }
            mappings += TensorMapping.linear(
                "\(layer)/attention/attention_output", "\(module).attention.output.dense",
                inputAxes: 2)
            mappings += TensorMapping.normalization(
                "\(layer)/attention_normalization", "\(module).attention.output.LayerNorm")
            mappings += TensorMapping.linear(
                "\(layer)/intermediate", "\(module).intermediate.dense")
            mappings += TensorMapping.linear("\(layer)/output", "\(module).output.dense")
            mappings += TensorMapping.normalization(
                "\(layer)/output_normalization", "\(module).output.LayerNorm")
        }
        mappings += TensorMapping.linear("\(path)pooler", "pooler.dense", absence: .initialized)
        if head != .bare {
            mappings += TensorMapping.linear(
                "classifier", "classifier", isInBase: false, absence: .initialized)
        }
        return TensorMap(
            mappings, basePrefix: "bert.", baseParts: ["embeddings.", "encoder.", "pooler."],
            ignoredSuffixes: ["embeddings.position_ids"])
    }
}

extension EncoderHead {
    /// - Throws: `LayerError` where there are not as many names as classes.
    func check(labelNames names: [String]?) throws {
        guard case .sequenceClassification(let labels?) = self, let names, names.count != labels
        else { return }
        throw LayerError(
            path: "classifier",
            "\(labels) labels are asked for, but \(names.count) names are given ("
                + names.prefix(10).joined(separator: ", ") + "); give one name for each")
    }

    /// Gives a new head's classes names: the user's, those in the folder if they are as many, or
    /// LABEL_0, LABEL_1, … as in Hugging Face.
    func setLabelNames<Configuration: PretrainedConfiguration>(
        of configuration: inout Configuration, to names: [String]?
    ) {
        guard case .sequenceClassification(let labels) = self else { return }
        let count = labels ?? names?.count ?? configuration.labelCount
        if let names, names.count == count {
            configuration.labelNames = names
        } else if configuration.labelNames.count != count {
            configuration.labelNames = (0..<max(count, 0)).map { "LABEL_\($0)" }
        }
    }
}
