import MartletLayers

/// BERT's preprocessing as the first layer of a model: strings in, or pairs of strings, and three
/// i32 tensors `[batch, maxLength]` out. It runs on the host, before the graph.
///
/// `input_word_ids` are the ids of `[CLS] text [SEP]`, or `[CLS] first [SEP] second [SEP]`, cut to
/// `maxLength` and filled up with padding; `input_mask` is 1 for tokens and 0 for padding;
/// `input_type_ids` is 1 for the second sentence and 0 elsewhere.
///
/// ```swift
/// let preprocess = BERTPreprocessor(tokenizer)
/// let text = StringInput(name: "text")
/// let outputs = try bert(preprocess.named([text]).values)
/// ```
public final class BERTPreprocessor: HostLayer {
    public let tokenizer: WordPieceTokenizer
    /// Tokens in a sequence, special ones included.
    public let maxLength: Int
    /// Whether an example is two strings.
    public let takesPairs: Bool
    public let name: String?

    public init(
        _ tokenizer: WordPieceTokenizer, maxLength: Int = 128, takesPairs: Bool = false,
        name: String? = nil
    ) {
        self.tokenizer = tokenizer
        self.maxLength = maxLength
        self.takesPairs = takesPairs
        self.name = name
    }

    public var stringCount: Int { takesPairs ? 2 : 1 }

    /// String inputs for a model that begins with this layer: `text`, or `first` and `second`.
    public var stringInputs: [StringInput] {
        takesPairs
            ? [StringInput(name: "first"), StringInput(name: "second")]
            : [StringInput(name: "text")]
    }

    public func outputs() throws -> [HostOutput] {
        guard (1...Int(Int32.max)).contains(maxLength) else {
            throw LayerError(
                path: name ?? "bert_preprocessor",
                "maxLength must be 1 or more, received \(maxLength)")
        }
        return ["input_word_ids", "input_mask", "input_type_ids"].map {
            HostOutput(name: $0, shape: [Dimension(maxLength)], dtype: .i32)
        }
    }

    public func encode(_ strings: [[String]], into buffers: [HostBuffer]) throws {
        guard strings.count == stringCount, buffers.count == 3 else {
            throw LayerError(
                path: name ?? "bert_preprocessor",
                "expected \(stringCount) columns of strings and 3 buffers, received "
                    + "\(strings.count) and \(buffers.count)")
        }
        let options = EncodingOptions(
            truncation: Truncation(maximumLength: maxLength),
            padding: TokenPadding(.fixed(maxLength)))
        let encodings = try tokenizer.encode(
            strings[0], pairs: takesPairs ? strings[1] : nil, options: options)
        let columns: [KeyPath<TokenEncoding, [Int32]>] = [\.ids, \.attentionMask, \.typeIDs]
        for (buffer, column) in zip(buffers, columns) {
            guard case .int32(let buffer) = buffer, buffer.count == encodings.count * maxLength
            else {
                throw LayerError(
                    path: name ?? "bert_preprocessor",
                    "expected a buffer of \(encodings.count) × \(maxLength) integers")
            }
            for (row, encoding) in encodings.enumerated() {
                let values = encoding[keyPath: column]
                for (index, value) in values.enumerated() {
                    buffer[row * maxLength + index] = value
                }
            }
        }
    }
}
