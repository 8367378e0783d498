import MartletJSON

/// BERT's tokenizer: text to ids of pieces of words, as Hugging Face's `BertTokenizer` does it.
///
/// ```swift
/// let tokenizer = try WordPieceTokenizer(folder: "bert-base-uncased")
/// try tokenizer.encode("Tensorflow is a great framework for NLP").ids
/// // [101, 23435, 12314, 2003, 1037, 2307, 7705, 2005, 17953, 2361, 102]
/// ```
///
/// It works on Unicode scalars and compares pieces by bytes. Encoding uses no state, so many
/// threads may share one tokenizer.
public struct WordPieceTokenizer: Sendable {
    /// Whose behaviour is followed where Hugging Face's two tokenizers differ.
    public enum Behavior: Sendable, Hashable {
        /// `tokenizers`, the default since years: older Unicode tables, unassigned code points
        /// kept, no final sigma, a gap among the ideographs.
        case fast
        /// `BertTokenizerLegacy`, in Python: NFC first, Unicode 14, the final sigma.
        case legacy
    }

    /// What makes a tokenizer besides its vocabulary; the defaults are those of
    /// bert-base-uncased.
    public struct Configuration: Sendable, Hashable {
        public var behavior: Behavior
        public var normalization: BertNormalization
        public var unknownToken: String
        public var paddingToken: String
        /// What pieces within a word begin with.
        public var continuingPrefix: String
        /// Words of more scalars than this are unknown.
        public var maximumScalarCountPerWord: Int
        /// Tokens that are found before the text is split, the special ones among them.
        public var addedTokens: [AddedToken]
        public var template: TokenTemplate
        /// Whether decoding tidies the spaces before punctuation.
        public var cleansUpDecoding: Bool

        public init(
            behavior: Behavior = .fast, normalization: BertNormalization = BertNormalization(),
            unknownToken: String = "[UNK]", paddingToken: String = "[PAD]",
            continuingPrefix: String = "##", maximumScalarCountPerWord: Int = 100,
            addedTokens: [AddedToken] = [],
            template: TokenTemplate = TokenTemplate(
                single: [.text(0, typeID: 0)],
                pair: [.text(0, typeID: 0), .text(1, typeID: 1)]),
            cleansUpDecoding: Bool = true
        ) {
            self.behavior = behavior
            self.normalization = normalization
            self.unknownToken = unknownToken
            self.paddingToken = paddingToken
            self.continuingPrefix = continuingPrefix
            self.maximumScalarCountPerWord = maximumScalarCountPerWord
            self.addedTokens = addedTokens
            self.template = template
            self.cleansUpDecoding = cleansUpDecoding
        }
    }

    public let vocabulary: WordPieceVocabulary
    public let configuration: Configuration
    let model: WordPieceModel
    private let splitter: FastSplitter
    private let legacySplitter: LegacySplitter
    /// Splits text that is normalised already.
    private let plainSplitter: FastSplitter
    private let normalizer: FastNormalizer
    private let rawTokens: AddedTokenFinder
    private let normalizedTokens: AddedTokenFinder
    /// Added tokens by id.
    let addedTokens: [Int: AddedToken]

    /// A tokenizer of these parts.
    ///
    /// - Throws: if the vocabulary lacks the unknown token, or added tokens collide with it or
    ///   with each other.
    public init(
        vocabulary: WordPieceVocabulary, configuration: Configuration,
        source: String = "tokenizer"
    ) throws(TokenizerError) {
        guard let unknownID = vocabulary.id(of: configuration.unknownToken) else {
            throw TokenizerError(
                source: source,
                "the vocabulary of \(vocabulary.count) pieces lacks the unknown token "
                    + configuration.unknownToken.quotedForMessage()
                    + "; add it or name another one")
        }
        guard configuration.maximumScalarCountPerWord >= 0 else {
            throw TokenizerError(
                source: source,
                "the maximum scalar count per word is "
                    + "\(configuration.maximumScalarCountPerWord); it must not be negative")
        }
        self.vocabulary = vocabulary
        self.configuration = configuration
        addedTokens = try Self.index(configuration.addedTokens, vocabulary, source)
        model = WordPieceModel(
            vocabulary: vocabulary, unknownID: Int32(unknownID),
            continuingPrefix: configuration.continuingPrefix,
            maximumScalarCount: configuration.maximumScalarCountPerWord)
        splitter = FastSplitter(configuration.normalization)
        legacySplitter = LegacySplitter(options: configuration.normalization)
        plainSplitter = FastSplitter(.none)
        normalizer = FastNormalizer(configuration.normalization)
        let isFast = configuration.behavior == .fast
        let raw = configuration.addedTokens.filter { !($0.isNormalized && isFast) }
        let normalized = configuration.addedTokens.filter { $0.isNormalized && isFast }
        rawTokens = AddedTokenFinder(raw, contents: raw.map { Array($0.content.utf8) })
        let normalizer = normalizer
        normalizedTokens = AddedTokenFinder(
            normalized,
            contents: normalized.map { token in
                Array(token.content.utf8).withUnsafeBufferPointer { normalizer.normalize($0).bytes }
            })
    }

    private static func index(
        _ tokens: [AddedToken], _ vocabulary: WordPieceVocabulary, _ source: String
    ) throws(TokenizerError) -> [Int: AddedToken] {
        var byID: [Int: AddedToken] = [:]
        for token in tokens {
            let name = token.content.quotedForMessage()
            guard token.id >= 0, token.id < 1 << 28, !token.content.isEmpty else {
                throw TokenizerError(
                    source: source,
                    "the added token \(name) with id \(token.id) needs text and an id from 0")
            }
            if let other = byID[token.id] {
                throw TokenizerError(
                    source: source,
                    "the added tokens \(other.content.quotedForMessage()) and \(name) both have "
                        + "id \(token.id)")
            }
            if let id = vocabulary.id(of: token.content), id != token.id {
                throw TokenizerError(
                    source: source,
                    "the added token \(name) has id \(token.id), but id \(id) in the vocabulary")
            }
            if let piece = vocabulary[token.id], !haveSameBytes(piece, token.content) {
                throw TokenizerError(
                    source: source,
                    "the added token \(name) has id \(token.id), which is "
                        + "\(piece.quotedForMessage()) in the vocabulary")
            }
            byID[token.id] = token
        }
        return byID
    }

    /// One more than the greatest id: how many rows an embedding needs at least.
    public var idCount: Int {
        max(vocabulary.count, (addedTokens.keys.max() ?? -1) + 1)
    }

    /// The id of a piece or added token.
    public func id(of token: String) -> Int? {
        if let id = vocabulary.id(of: token) { return id }
        return addedTokens.values.first { haveSameBytes($0.content, token) }?.id
    }

    /// The piece or added token with this id.
    public func token(of id: Int) -> String? { addedTokens[id]?.content ?? vocabulary[id] }

    public var unknownID: Int { Int(model.unknownID) }

    /// The id of the padding token; 0 if the vocabulary has none.
    public var paddingID: Int { id(of: configuration.paddingToken) ?? 0 }

    // MARK: Text to tokens

    /// The tokens of `text`.
    func run(_ text: UnsafeBufferPointer<UInt8>) -> TokenRun {
        var cursor = FastSplitter.Cursor()
        var sink = PieceSink(model: model, run: TokenRun())
        sink.run.reserveCapacity(text.count / 4 + 2)
        if rawTokens.isEmpty {
            split(text, &cursor, &sink)
        } else {
            rawTokens.forEachPart(of: text) { part, token in
                if let token {
                    append(token, part, &cursor, &sink)
                } else {
                    split(part, &cursor, &sink)
                }
            }
        }
        return sink.run
    }

    private func append(
        _ token: AddedToken, _ part: UnsafeBufferPointer<UInt8>,
        _ cursor: inout FastSplitter.Cursor, _ sink: inout PieceSink
    ) {
        let end = cursor.scalar + scalarCount(part)
        sink.run.append(id: Int32(token.id), start: cursor.scalar, end: end, word: cursor.word)
        cursor.scalar = end
        cursor.word += 1
    }

    private func scalarCount(_ bytes: UnsafeBufferPointer<UInt8>) -> Int32 {
        Int32(truncatingIfNeeded: bytes.count { $0 & 0xC0 != 0x80 })
    }

    private func split(
        _ text: UnsafeBufferPointer<UInt8>, _ cursor: inout FastSplitter.Cursor,
        _ sink: inout PieceSink
    ) {
        if configuration.behavior == .legacy {
            return legacySplitter.split(text, &cursor, into: &sink)
        }
        if normalizedTokens.isEmpty {
            let (count, scalar, word) = (sink.run.count, cursor.scalar, cursor.word)
            if splitter.split(text, &cursor, into: &sink) { return }
            sink.run.shrink(to: count)
            cursor = FastSplitter.Cursor(scalar: scalar, word: word)
        }
        splitNormalized(text, &cursor, &sink)
    }

    /// Normalises first, because marks change places or some added tokens are found only in
    /// normalised text.
    private func splitNormalized(
        _ text: UnsafeBufferPointer<UInt8>, _ cursor: inout FastSplitter.Cursor,
        _ sink: inout PieceSink
    ) {
        let normalized = normalizer.normalize(text)
        let first = cursor.scalar
        let firstToken = sink.run.count
        cursor.scalar = 0
        normalized.bytes.withUnsafeBufferPointer { bytes in
            normalizedTokens.forEachPart(of: bytes) { part, token in
                if let token {
                    append(token, part, &cursor, &sink)
                } else {
                    _ = plainSplitter.split(part, &cursor, into: &sink)
                }
            }
        }
        for i in firstToken..<sink.run.count {
            sink.run.starts[i] = first + normalized.origins[Int(sink.run.starts[i])]
            sink.run.ends[i] = first + normalized.origins[Int(sink.run.ends[i]) - 1] + 1
        }
        cursor.scalar = first + scalarCount(text)
    }
}
