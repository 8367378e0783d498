import Foundation
import MartletText
import Testing

@Suite struct TextVectorizerFileTests {
    /// Tokens that line-based files or Unicode-normalising readers would change.
    private let odd = [
        "\n", "\r\n", "\u{2028}", "\0", "\u{7}", "\"", "\\", "/", "é", "e\u{301}", "👩\u{200D}💻",
    ]

    @Test func jsonKeepsEveryToken() throws {
        let original = try TextVectorizer(
            .init(standardize: .none, split: .character, ngrams: [1, 2]), vocabulary: odd)
        let loaded = try TextVectorizer(jsonData: original.jsonData())
        #expect(loaded.options == original.options)
        #expect(
            loaded.vocabulary.map { Array($0.utf8) } == original.vocabulary.map { Array($0.utf8) })
        #expect(try loaded.jsonData() == original.jsonData())
        var again = loaded
        #expect(throws: TextVectorizationError.vocabularyIsGiven) { try again.adapt(["a"]) }
    }

    @Test func jsonKeepsLearnedWeights() throws {
        var original = try TextVectorizer(
            .init(maxTokens: 5, ngrams: 2, outputMode: .tfIDF, padToMaxTokens: true))
        try original.adapt(["a b a", "a c", "d"])
        var loaded = try TextVectorizer(jsonData: original.jsonData())
        let texts = ["a b", "q", ""]
        #expect(try loaded.features(of: texts) == original.features(of: texts))
        #expect(loaded.idfWeights?.count == 5)
        try loaded.adapt(["z"])
        #expect(loaded.vocabulary == ["[UNK]", "z"])
    }

    @Test func jsonWritesNgramsAsKerasDoes() throws {
        let range = try TextVectorizer(.init(ngrams: 3)).jsonData()
        #expect(String(decoding: range, as: UTF8.self).contains("\"ngrams\":3"))
        let list = try TextVectorizer(.init(ngrams: [3, 1])).jsonData()
        #expect(String(decoding: list, as: UTF8.self).contains("\"ngrams\":[3,1]"))
        #expect(try TextVectorizer(jsonData: list).options.ngrams == [3, 1])
    }

    @Test func jsonKeepsThatThereIsNoVocabulary() throws {
        let loaded = try TextVectorizer(jsonData: TextVectorizer().jsonData())
        #expect(!loaded.isAdapted)
    }

    @Test(arguments: [
        ("", "the saved vectorizer is not valid JSON; it was cut short or changed by hand"),
        (
            String(repeating: "[", count: 100_000),
            "the saved vectorizer is not valid JSON; it was cut short or changed by hand"
        ),
        ("{}", "the JSON has no options"),
        ("{\"options\": 3}", "wrong type in the JSON at options"),
    ]) func refusesBrokenJSON(_ json: String, _ reason: String) {
        let error = #expect(throws: TextVectorizationError.self) {
            try TextVectorizer(jsonData: Data(json.utf8))
        }
        #expect(error?.description == "text vectorization: " + reason)
    }

    @Test func refusesBrokenVocabularyInJSON() throws {
        let valid = try TextVectorizer(vocabulary: ["a", "b"]).jsonData()
        let text = String(decoding: valid, as: UTF8.self)
        let repeated = text.replacingOccurrences(of: "\"b\"", with: "\"a\"")
        #expect(throws: TextVectorizationError.duplicateToken(token: "a", first: 2, second: 3)) {
            try TextVectorizer(jsonData: Data(repeated.utf8))
        }
        let unknown = text.replacingOccurrences(of: "whitespace", with: "words")
        let error = #expect(throws: TextVectorizationError.self) {
            try TextVectorizer(jsonData: Data(unknown.utf8))
        }
        #expect(
            error?.description == "text vectorization: wrong value in the JSON at options.split")
    }

    @Test func kerasTextHasOneTokenPerLine() throws {
        let vectorizer = try TextVectorizer(vocabulary: ["the", "é"])
        let text = try vectorizer.kerasVocabularyText()
        #expect(text == "\n[UNK]\nthe\né")
        #expect(
            TextVectorizer.tokens(ofKerasVocabularyText: text + "\n")
                == ["", "[UNK]", "the", "é"])
        #expect(
            TextVectorizer.tokens(ofKerasVocabularyText: "\n[UNK]\na\u{2028}b\nc")
                == ["", "[UNK]", "a\u{2028}b", "c"])
    }

    @Test func kerasTextRefusesLineBreaks() throws {
        let vectorizer = try TextVectorizer(vocabulary: ["the", "a\u{2028}b"])
        let error = #expect(throws: TextVectorizationError.self) {
            try vectorizer.kerasVocabularyText()
        }
        #expect(
            error?.description == "text vectorization: token \"a\\u{2028}b\" at index 3 contains "
                + "a line break, which Keras's vocabulary.txt (one token per line) cannot hold; "
                + "save as JSON instead")
    }
}
