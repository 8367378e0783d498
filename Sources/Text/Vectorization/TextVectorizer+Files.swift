import Foundation

extension TextVectorizer: Codable {
    private enum CodingKeys: String, CodingKey {
        case options, vocabulary, idfWeights, vocabularyIsGiven
    }

    /// The vocabulary is an array of strings, so any token survives, line breaks included.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(options, forKey: .options)
        try container.encode(vocabularyIsGiven, forKey: .vocabularyIsGiven)
        guard isAdapted else { return }
        try container.encode(vocabulary, forKey: .vocabulary)
        try container.encodeIfPresent(idfWeights, forKey: .idfWeights)
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        options = try container.decode(TextVectorizerOptions.self, forKey: .options)
        vocabularyIsGiven = try container.decode(Bool.self, forKey: .vocabularyIsGiven)
        try options.validate()
        let tokens = try container.decodeIfPresent([String].self, forKey: .vocabulary)
        let weights = try container.decodeIfPresent([Float].self, forKey: .idfWeights)
        vocabularyIfKnown = try tokens.map {
            try Vocabulary(tokens: $0, idfWeights: weights, options: options)
        }
    }

    /// Options, vocabulary and weights as JSON. Equal vectorizers give equal bytes.
    public func jsonData() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(self)
    }

    /// Reads what ``jsonData()`` wrote.
    ///
    /// - Throws: ``TextVectorizationError`` for data that is no such JSON, or that holds
    ///   options or a vocabulary which would be refused when given directly.
    public init(jsonData: Data) throws(TextVectorizationError) {
        do {
            self = try JSONDecoder().decode(TextVectorizer.self, from: jsonData)
        } catch let error as TextVectorizationError {
            throw error
        } catch DecodingError.keyNotFound(let key, let context) {
            throw .invalidFile("the JSON has no \(Self.path(context.codingPath + [key]))")
        } catch DecodingError.typeMismatch(_, let context),
            DecodingError.valueNotFound(_, let context)
        {
            throw .invalidFile("wrong type in the JSON at \(Self.path(context.codingPath))")
        } catch DecodingError.dataCorrupted(let context) where !context.codingPath.isEmpty {
            throw .invalidFile("wrong value in the JSON at \(Self.path(context.codingPath))")
        } catch {
            throw .invalidFile(
                "the saved vectorizer is not valid JSON; it was cut short or changed by hand")
        }
    }

    private static func path(_ keys: [any CodingKey]) -> String {
        keys.map(\.stringValue).joined(separator: ".")
    }
}

extension TextVectorizer {
    /// The vocabulary in the form of Keras's `assets/layers/…/vocabulary.txt`: one token per
    /// line, special tokens included, no newline at the end.
    ///
    /// - Throws: ``TextVectorizationError`` for a token with a line break. Keras reads the file
    ///   with Python's `splitlines`, which also breaks at vertical tab, form feed, U+001C to
    ///   U+001E, U+0085, U+2028 and U+2029.
    public func kerasVocabularyText() throws(TextVectorizationError) -> String {
        let tokens = vocabulary
        for (index, token) in tokens.enumerated()
        where token.unicodeScalars.contains(where: Self.breaksLines) {
            throw .lineBreakInToken(token: token, index: index)
        }
        return tokens.joined(separator: "\n")
    }

    private static func breaksLines(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x0A...0x0D, 0x1C...0x1E, 0x85, 0x2028, 0x2029: true
        default: false
        }
    }

    /// The tokens of Keras's `vocabulary.txt`.
    ///
    /// Lines end at newlines only. Keras itself reads with `splitlines`, which breaks tokens
    /// that contain, say, U+2028 and shifts all later ids against the trained weights; this
    /// reads the vocabulary that the model was trained with. Empty lines at the end are
    /// dropped, as in Keras.
    public static func tokens(ofKerasVocabularyText text: String) -> [String] {
        var lines = text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false)
        while let last = lines.last, last.isEmpty { lines.removeLast() }
        return lines.map { String(decoding: $0, as: UTF8.self) }
    }
}
