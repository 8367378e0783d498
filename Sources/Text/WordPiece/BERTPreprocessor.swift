import MartletLayers

/// BERT's preprocessing as the first layer of a model: strings in, or pairs of strings, and three
/// i32 tensors `[batch, length ≤ maxLength]` out. It runs on the host, before the graph.
///
/// `input_word_ids` are the ids of `[CLS] text [SEP]`, or `[CLS] first [SEP] second [SEP]`, cut to
/// `maxLength`, and filled up with padding to the longest of the batch (to `maxLength` where the
/// model's outputs are as long, or if it is told to); `input_mask` is 1 for tokens and 0 for padding;
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
    /// Whether every batch is filled up to `maxLength`, however short its texts are.
    public let padsToMaxLength: Bool
    public let name: String?

    public init(
        _ tokenizer: WordPieceTokenizer, maxLength: Int = 128, takesPairs: Bool = false,
        padsToMaxLength: Bool = false, name: String? = nil
    ) {
        self.tokenizer = tokenizer
        self.maxLength = maxLength
        self.takesPairs = takesPairs
        self.padsToMaxLength = padsToMaxLength
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
        let length =
            padsToMaxLength
            ? Dimension(maxLength) : Dimension(Symbol("length", bound: maxLength))
        return ["input_word_ids", "input_mask", "input_type_ids"].map {
            HostOutput(name: $0, shape: [length], dtype: .i32)
        }
    }

    private static var columns: [KeyPath<TokenEncoding, [Int32]>] {
        [\.ids, \.attentionMask, \.typeIDs]
    }

    public func encode(_ strings: [[String]], into buffers: [HostBuffer]) throws {
        let encodings = try encodings(strings, padding: TokenPadding(.fixed(maxLength)))
        guard buffers.count == Self.columns.count else {
            throw failure("expected 3 buffers, received \(buffers.count)")
        }
        for (buffer, column) in zip(buffers, Self.columns) {
            guard case .int32(let buffer) = buffer, buffer.count == encodings.count * maxLength
            else {
                throw failure("expected a buffer of \(encodings.count) × \(maxLength) integers")
            }
            for (row, encoding) in encodings.enumerated() {
                let values = encoding[keyPath: column]
                for (index, value) in values.enumerated() {
                    buffer[row * maxLength + index] = value
                }
            }
        }
    }

    public func encodeRows(_ strings: [[String]]) throws -> HostRows? {
        guard !padsToMaxLength else { return nil }
        let encodings = try encodings(strings, padding: nil)
        return HostRows(
            lengths: encodings.map(\.count),
            outputs: Self.columns.map { column in encodings.flatMap { $0[keyPath: column] } },
            padding: [Int32(tokenizer.paddingID), 0, 0])
    }

    private func encodings(
        _ strings: [[String]], padding: TokenPadding?
    ) throws -> [TokenEncoding] {
        guard strings.count == stringCount else {
            throw failure("expected \(stringCount) columns of strings, received \(strings.count)")
        }
        let options = EncodingOptions(
            truncation: Truncation(maximumLength: maxLength), padding: padding)
        return try tokenizer.encode(
            strings[0], pairs: takesPairs ? strings[1] : nil, options: options)
    }

    private func failure(_ message: String) -> LayerError {
        LayerError(path: name ?? "bert_preprocessor", message)
    }
}
