import Martlet

/// BERT (Devlin et al., 2018, arXiv 1810.04805), as Hugging Face computes it.
///
/// ```swift
/// let bert = try BERT.fromPretrained("bert-base-uncased", head: .sequenceClassification(labels: 4))
/// ```
public enum BERT {
    /// The encoder alone, to be a layer of other models or to be used as it is.
    ///
    /// Outputs: `default` and `pooled_output [batch, hidden]`, tanh(Dense(first token));
    /// `sequence_output [batch, length, hidden]`, masked where the input is padding; and
    /// `encoder_outputs/0`, …, the states after each block (see `NamedTensors.encoderOutputs`).
    ///
    /// - Parameters:
    ///   - maxLength: the longest sequence the model will be given; all positions by default.
    public static func encoder(
        _ configuration: BERTConfiguration = .base, maxLength: Int? = nil,
        inputNames: EncoderInputNames = .huggingFace
    ) throws -> Model {
        let sizes = configuration
        let inputs = EncoderInputs(inputNames, maxLength: maxLength ?? sizes.maxPositions)
        let isToken = try inputs.mask.compare(.ne, 0)
        let keyMask = try isToken.expandingAxes(1, 2)

        var states = try BERTEmbeddings(
            vocabularySize: sizes.vocabularySize, maxPositions: sizes.maxPositions,
            tokenTypes: sizes.tokenTypes, hiddenSize: sizes.hiddenSize, epsilon: sizes.epsilon,
            dropout: sizes.dropout, initializer: sizes.initializer, name: "embeddings"
        )(inputs.ids, inputs.typeIDs)
        var encoderOutputs: [Tensor] = []
        for index in 0..<sizes.layers {
            states = try EncoderBlock(sizes.block, name: "layer_\(index)")(states, keyMask)
            encoderOutputs.append(states)
        }
        let pooler = Dense(
            sizes.hiddenSize, activation: .tanh, kernelInitializer: sizes.initializer,
            name: "pooler")
        let pooled = try pooler(states.element(0, axis: 1))

        return try Model(
            "bert", inputs: [inputs.ids, inputs.mask, inputs.typeIDs],
            outputs: NamedTensors(
                names: ["default", "pooled_output", "sequence_output"]
                    + encoderOutputs.indices.map { "encoder_outputs/\($0)" },
                values: [pooled, pooled, try states.masked(by: isToken)] + encoderOutputs))
    }

    /// The encoder with a head. Its layers are `bert` and `classifier`.
    ///
    /// - Parameters:
    ///   - maxLength: the longest sequence; that of the preprocessor where there is one.
    ///   - preprocessor: makes the model take strings.
    public static func model(
        _ configuration: BERTConfiguration = .base, head: EncoderHead, maxLength: Int? = nil,
        inputNames: EncoderInputNames = .huggingFace, preprocessor: BERTPreprocessor? = nil
    ) throws -> Model {
        let sizes = configuration
        let encoder = try encoder(sizes, maxLength: maxLength, inputNames: inputNames)
        if case .bare = head, preprocessor == nil { return encoder }
        let (inputs, tensors) = try front(of: encoder, preprocessor)
        let outputs = try encoder(tensors)
        switch head {
        case .bare: return try Model("bert_model", inputs: inputs, outputs: outputs)
        case .sequenceClassification(let labels):
            let dropout = Dropout(sizes.classifierDropout ?? sizes.dropout)
            let classifier = Dense(
                labels ?? sizes.labelCount, kernelInitializer: sizes.initializer,
                name: "classifier")
            return try Model(
                "bert_classifier", inputs: inputs,
                outputs: ["logits": classifier(dropout(outputs["pooled_output"]))])
        }
    }

    /// The inputs of a model that begins with a preprocessor or with the encoder's own inputs,
    /// and the tensors to give to the encoder.
    static func front(
        of encoder: Model, _ preprocessor: BERTPreprocessor?
    ) throws -> (inputs: [any ModelInput], tensors: [Tensor]) {
        guard let preprocessor else {
            let declared = try zip(encoder.inputNames, encoder.inputs).map { name, tensor in
                Input(
                    shape: Shape(Array(tensor.shape.dimensions.dropFirst())), dtype: tensor.dtype,
                    name: name)
            }
            return (declared, declared)
        }
        let strings = preprocessor.stringInputs
        let tensors = try preprocessor.named(strings).values
        return (strings, Array(tensors.prefix(try encoder.inputs.count)))
    }
}
