/// The choices of a ``TextVectorizer``, with the names, meanings and defaults of Keras's
/// `TextVectorization` layer.
public struct TextVectorizerOptions: Sendable, Hashable, Codable {
    /// What is done to a text before it is split.
    ///
    /// Lowercasing touches the 26 ASCII letters only (`É` stays), as in Keras. Punctuation is
    /// the 32 ASCII marks; they are deleted, not replaced, so `don't` becomes `dont`.
    public enum Standardize: String, Sendable, Hashable, Codable, CaseIterable {
        case lowerAndStripPunctuation = "lower_and_strip_punctuation"
        case lower
        case stripPunctuation = "strip_punctuation"
        case none
    }

    /// How a standardized text becomes tokens.
    public enum Split: String, Sendable, Hashable, Codable, CaseIterable {
        /// At runs of ASCII whitespace (tab to carriage return, and space). No-break space and
        /// the other Unicode spaces stay inside tokens.
        case whitespace
        /// Into Unicode scalars, spaces included.
        case character
        /// Not at all: the whole text is one token.
        case none
    }

    /// Which runs of neighbouring tokens, joined by a space, are tokens themselves.
    public enum Ngrams: Sendable, Hashable, Codable, ExpressibleByIntegerLiteral,
        ExpressibleByArrayLiteral
    {
        /// All widths 1, 2, … up to this one; shorter widths come first.
        case upTo(Int)
        /// Exactly these widths, in this order.
        case widths([Int])

        public init(integerLiteral value: Int) { self = .upTo(value) }
        public init(arrayLiteral elements: Int...) { self = .widths(elements) }

        /// A number or an array of numbers, as in Keras's configurations.
        public init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let width = try? container.decode(Int.self) {
                self = .upTo(width)
            } else {
                self = .widths(try container.decode([Int].self))
            }
        }

        public func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .upTo(let width): try container.encode(width)
            case .widths(let widths): try container.encode(widths)
            }
        }
    }

    /// What a text becomes.
    public enum OutputMode: String, Sendable, Hashable, Codable, CaseIterable {
        /// A row of token ids. 0 is padding, 1 is `[UNK]`.
        case int
        /// One number per vocabulary entry: 1 if the token occurs. `[UNK]` is entry 0.
        case multiHot = "multi_hot"
        /// One number per vocabulary entry: how often the token occurs.
        case count
        /// Counts times the inverse document frequency `ln(1 + N / (1 + df))`.
        case tfIDF = "tf_idf"
    }

    /// The largest size of the vocabulary, padding and `[UNK]` included; `nil` is unlimited.
    public var maxTokens: Int?
    public var standardize: Standardize
    public var split: Split
    public var ngrams: Ngrams?
    public var outputMode: OutputMode
    /// Rows of ids are cut or padded with 0 to this length; `nil` pads to the longest row of
    /// the batch. Only for ``OutputMode/int``.
    public var outputSequenceLength: Int?
    /// Whether rows of the modes other than ``OutputMode/int`` are `maxTokens` wide even if
    /// the vocabulary is smaller.
    public var padToMaxTokens: Bool

    public init(
        maxTokens: Int? = nil,
        standardize: Standardize = .lowerAndStripPunctuation,
        split: Split = .whitespace,
        ngrams: Ngrams? = nil,
        outputMode: OutputMode = .int,
        outputSequenceLength: Int? = nil,
        padToMaxTokens: Bool = false
    ) {
        self.maxTokens = maxTokens
        self.standardize = standardize
        self.split = split
        self.ngrams = ngrams
        self.outputMode = outputMode
        self.outputSequenceLength = outputSequenceLength
        self.padToMaxTokens = padToMaxTokens
    }

    /// The entries at the front of the vocabulary that are no tokens of the texts.
    var specialTokens: [String] {
        outputMode == .int
            ? [TextVectorizer.paddingToken, TextVectorizer.unknownToken]
            : [TextVectorizer.unknownToken]
    }

    /// Refuses options that cannot work, before anything is read.
    func validate() throws(TextVectorizationError) {
        if let maxTokens {
            let least = specialTokens.count + 1
            guard (least...Int(Int32.max)).contains(maxTokens) else {
                throw .invalidOption(
                    "maxTokens is \(maxTokens), expected \(least) to \(Int32.max): "
                        + "\(specialTokens.count == 2 ? "padding and [UNK] take 2" : "[UNK] takes 1")"
                        + " of them, and at least one token of the texts must fit")
            }
        } else if padToMaxTokens {
            throw .invalidOption("padToMaxTokens is set without maxTokens; give maxTokens")
        }
        if let outputSequenceLength {
            guard outputMode == .int else {
                throw .invalidOption(
                    "outputSequenceLength is \(outputSequenceLength) in output mode "
                        + "\(outputMode.rawValue), whose rows are as wide as the vocabulary; "
                        + "leave it out or use the mode int")
            }
            guard (1...Int(Int32.max)).contains(outputSequenceLength) else {
                throw .invalidOption(
                    "outputSequenceLength is \(outputSequenceLength), "
                        + "expected 1 to \(Int32.max)")
            }
        }
        switch ngrams {
        case .upTo(let width) where width < 1:
            throw .invalidOption("ngrams is \(width), expected a width of 1 or more")
        case .widths(let widths) where widths.isEmpty:
            throw .invalidOption("ngrams is an empty list, expected at least one width")
        case .widths(let widths):
            for width in widths where width < 1 {
                throw .invalidOption(
                    "ngrams holds the width \(width), expected widths of 1 or more")
            }
        case .upTo, nil: break
        }
    }
}
