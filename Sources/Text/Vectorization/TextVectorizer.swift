/// Turns texts into token ids, or into bag-of-words features: the host core of Keras's
/// `TextVectorization` layer.
///
/// ```swift
/// var vectorizer = try TextVectorizer(.init(maxTokens: 20_000, outputSequenceLength: 256))
/// try vectorizer.adapt(["the cat sat", "the dog sat"])
/// let batch = try vectorizer.encode(["the cat ran"])     // batch.ids == [2, 5, 1, 0, 0, …]
/// ```
///
/// The vocabulary is ordered by count, descending; tokens of equal count are ordered by their
/// UTF-8 bytes, descending. Id 0 is padding and id 1 is `[UNK]`, any token not in the
/// vocabulary; in modes other than `int` there is no padding and `[UNK]` is 0. A token `[UNK]`
/// or an empty token in the texts is not learned.
///
/// A vectorizer is a value: once it is adapted, copies may be used from many threads at once.
public struct TextVectorizer: Sendable {
    public static let paddingToken = ""
    public static let unknownToken = "[UNK]"

    public let options: TextVectorizerOptions
    var vocabularyIfKnown: Vocabulary?
    let vocabularyIsGiven: Bool

    /// A vectorizer that learns its vocabulary by `adapt`.
    ///
    /// - Throws: ``TextVectorizationError`` if options contradict each other.
    public init(_ options: TextVectorizerOptions = .init()) throws(TextVectorizationError) {
        try options.validate()
        self.options = options
        vocabularyIfKnown = nil
        vocabularyIsGiven = false
    }

    /// A vectorizer with a given vocabulary.
    ///
    /// - Parameters:
    ///   - vocabulary: tokens in the order of their ids, with or without the special tokens
    ///     at the front (`""`, `"[UNK]"` in `int` mode, `"[UNK]"` otherwise).
    ///   - idfWeights: one weight per entry of `vocabulary`, in mode `tfIDF` only. Without
    ///     special tokens in `vocabulary`, `[UNK]` gets the mean weight.
    /// - Throws: ``TextVectorizationError`` if options contradict each other, or the vocabulary
    ///   is empty, repeats a token, or is larger than `maxTokens`.
    public init(
        _ options: TextVectorizerOptions = .init(), vocabulary: [String],
        idfWeights: [Float]? = nil
    ) throws(TextVectorizationError) {
        try options.validate()
        self.options = options
        vocabularyIfKnown = try Vocabulary(
            tokens: vocabulary, idfWeights: idfWeights, options: options)
        vocabularyIsGiven = true
    }

    /// Learns the vocabulary of these texts, in one pass; replaces one learned before.
    ///
    /// - Throws: ``TextVectorizationError`` if the vocabulary was given or there are no tokens;
    ///   the vectorizer is then unchanged.
    public mutating func adapt(
        _ texts: some Sequence<String>
    ) throws(TextVectorizationError) {
        guard !vocabularyIsGiven else { throw .vocabularyIsGiven }
        var counter = TokenCounter(options: options)
        for text in texts { counter.add(text) }
        vocabularyIfKnown = try counter.vocabulary()
    }

    /// Learns the vocabulary of these texts, in one pass; replaces one learned before.
    ///
    /// - Throws: the sequence's own error, or ``TextVectorizationError`` if the vocabulary was
    ///   given or there are no tokens; the vectorizer is then unchanged.
    public mutating func adapt<Texts: AsyncSequence>(
        _ texts: Texts
    ) async throws where Texts.Element == String {
        guard !vocabularyIsGiven else { throw TextVectorizationError.vocabularyIsGiven }
        var counter = TokenCounter(options: options)
        for try await text in texts { counter.add(text) }
        vocabularyIfKnown = try counter.vocabulary()
    }

    public var isAdapted: Bool { vocabularyIfKnown != nil }

    /// The tokens in the order of their ids, special tokens included; empty before `adapt`.
    /// Built anew at each access.
    public var vocabulary: [String] {
        (0..<vocabularySize).compactMap { token(at: $0) }
    }

    /// The number of ids, special tokens included; 0 before `adapt`.
    public var vocabularySize: Int { vocabularyIfKnown?.size ?? 0 }

    /// The token with this id, or `nil` if there is none.
    public func token(at id: Int) -> String? {
        guard let vocabularyIfKnown, (0..<vocabularyIfKnown.size).contains(id) else {
            return nil
        }
        return vocabularyIfKnown.token(at: id, options: options)
    }

    /// The weight of each id in mode `tfIDF`, special tokens included; otherwise `nil`.
    public var idfWeights: [Float]? {
        options.outputMode == .tfIDF ? vocabularyIfKnown?.idfWeights : nil
    }

    /// The tokens of a text after standardizing, splitting and making n-grams. Needs no
    /// vocabulary.
    public func tokens(of text: String) -> [String] {
        var scanner = TokenScanner(options: options)
        var tokens: [String] = []
        scanner.forEachToken(of: text) {
            tokens.append(String(decoding: $0, as: UTF8.self))
            return true
        }
        return tokens
    }

    func requireVocabulary() throws(TextVectorizationError) -> Vocabulary {
        guard let vocabularyIfKnown else { throw .notAdapted }
        return vocabularyIfKnown
    }
}
