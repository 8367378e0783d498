import Martlet

/// What the tensors an encoder takes are called; each is i32 `[batch, length]`.
public struct EncoderInputNames: Hashable, Sendable {
    /// Token ids.
    public var ids: String
    /// 1 for tokens, 0 for padding.
    public var mask: String
    /// 0 for the first sentence, 1 for the second.
    public var typeIDs: String

    public init(ids: String, mask: String, typeIDs: String) {
        self.ids = ids
        self.mask = mask
        self.typeIDs = typeIDs
    }

    public static let huggingFace = EncoderInputNames(
        ids: "input_ids", mask: "attention_mask", typeIDs: "token_type_ids")
    public static let tensorFlowHub = EncoderInputNames(
        ids: "input_word_ids", mask: "input_mask", typeIDs: "input_type_ids")
}

/// What stands on top of an encoder.
public enum EncoderHead: Hashable, Sendable {
    /// Nothing: the encoder with all its outputs.
    case bare
    /// One class for each sequence; the model's output is `logits [batch, labels]`.
    ///
    /// Without a number of labels it is that of the configuration, or 2 as in Hugging Face.
    case sequenceClassification(labels: Int? = nil)
}

extension NamedTensors {
    /// The states after each block of an encoder, the last being `sequence_output`.
    public var encoderOutputs: [Tensor] {
        zip(names, values).filter { $0.0.hasPrefix("encoder_outputs/") }.map(\.1)
    }
}

/// The declared inputs of an encoder's graph.
struct EncoderInputs {
    let ids, mask: Tensor
    let typeIDs: Tensor

    /// - Parameter maxLength: the bound of the sequences' length.
    init(_ names: EncoderInputNames, maxLength: Int) {
        let length: Shape = [Dimension(Symbol("length", bound: maxLength))]
        ids = Input(shape: length, dtype: .i32, name: names.ids)
        mask = Input(shape: length, dtype: .i32, name: names.mask)
        typeIDs = Input(shape: length, dtype: .i32, name: names.typeIDs)
    }
}
