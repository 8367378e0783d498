import Martlet

/// DistilBERT (Sanh et al., 2019, arXiv 1910.01108), as Hugging Face computes it: BERT's blocks
/// without segments and without a pooler.
public enum DistilBERT {
    /// The encoder alone, to be a layer of other models or to be used as it is.
    ///
    /// Outputs: `default` and `sequence_output [batch, length, hidden]`, masked where the input is
    /// padding; and `encoder_outputs/0`, …, the states after each block.
    ///
    /// - Parameters:
    ///   - maxLength: the longest sequence the model will be given; all positions by default.
    public static func encoder(
        _ configuration: DistilBERTConfiguration = DistilBERTConfiguration(),
        maxLength: Int? = nil, inputNames: EncoderInputNames = .huggingFace
    ) throws -> Model {
        let sizes = configuration
        let inputs = EncoderInputs(inputNames, maxLength: maxLength ?? sizes.maxPositions)
        let isToken = try inputs.mask.compare(.ne, 0)
        let keyMask = try isToken.expandingAxes(1, 2)

        var states = try BERTEmbeddings(
            vocabularySize: sizes.vocabularySize, maxPositions: sizes.maxPositions,
            tokenTypes: nil, hiddenSize: sizes.hiddenSize,
            epsilon: DistilBERTConfiguration.epsilon, dropout: sizes.dropout,
            initializer: sizes.initializer, name: "embeddings"
        )(inputs.ids)
        var encoderOutputs: [Tensor] = []
        for index in 0..<sizes.layers {
            states = try EncoderBlock(sizes.block, name: "layer_\(index)")(states, keyMask)
            encoderOutputs.append(states)
        }

        let sequence = try states.masked(by: isToken)
        return try Model(
            "distilbert", inputs: [inputs.ids, inputs.mask],
            outputs: NamedTensors(
                names: ["default", "sequence_output"]
                    + encoderOutputs.indices.map { "encoder_outputs/\($0)" },
                values: [sequence, sequence] + encoderOutputs))
    }

    /// The encoder with a head. Its layers are `distilbert`, `pre_classifier` and `classifier`.
    ///
    /// - Parameters:
    ///   - maxLength: the longest sequence; that of the preprocessor where there is one.
    ///   - preprocessor: makes the model take strings.
    public static func model(
        _ configuration: DistilBERTConfiguration = DistilBERTConfiguration(), head: EncoderHead,
        maxLength: Int? = nil, inputNames: EncoderInputNames = .huggingFace,
        preprocessor: BERTPreprocessor? = nil
    ) throws -> Model {
        let sizes = configuration
        let encoder = try encoder(sizes, maxLength: maxLength, inputNames: inputNames)
        if case .bare = head, preprocessor == nil { return encoder }
        let (inputs, tensors) = try BERT.front(of: encoder, preprocessor)
        let outputs = try encoder(tensors)
        switch head {
        case .bare: return try Model("distilbert_model", inputs: inputs, outputs: outputs)
        case .sequenceClassification(let labels):
            let first = try outputs["sequence_output"].withoutMask().element(0, axis: 1)
            let hidden = Dense(
                sizes.hiddenSize, activation: .relu, kernelInitializer: sizes.initializer,
                name: "pre_classifier")
            let classifier = Dense(
                labels ?? sizes.labelCount, kernelInitializer: sizes.initializer,
                name: "classifier")
            let dropout = Dropout(sizes.classifierDropout)
            return try Model(
                "distilbert_classifier", inputs: inputs,
                outputs: ["logits": classifier(dropout(hidden(first)))])
        }
    }
}
