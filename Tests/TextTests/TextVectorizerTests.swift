import Foundation
import MartletText
import Testing

@Suite struct TextVectorizerTests {
    private func message(_ body: () throws -> Void) -> String? {
        #expect(throws: TextVectorizationError.self, performing: body)?.description
    }

    @Test func encodesIntoBuffers() throws {
        let vectorizer = try TextVectorizer(
            .init(outputSequenceLength: 3), vocabulary: ["a", "b"])
        let ids = [Int32](unsafeUninitializedCapacity: 6) { buffer, count in
            buffer.initialize(repeating: -7)
            #expect(throws: Never.self) {
                try vectorizer.encode(["b", "x a b a"], into: buffer)
            }
            count = 6
        }
        #expect(ids == [3, 0, 0, 1, 2, 3])
        #expect(try vectorizer.encode("a!") == [2, 0, 0])

        let counts = try TextVectorizer(.init(outputMode: .count), vocabulary: ["a", "b"])
        let features = [Float](unsafeUninitializedCapacity: 6) { buffer, count in
            buffer.initialize(repeating: -7)
            #expect(throws: Never.self) {
                try counts.features(of: ["b", "x a b a"], into: buffer)
            }
            count = 6
        }
        #expect(features == [0, 0, 1, 1, 2, 1])
    }

    @Test func encodesNothing() throws {
        let fixed = try TextVectorizer(.init(outputSequenceLength: 3), vocabulary: ["a"])
        #expect(try fixed.encode([String]()).ids == [])
        let longest = try TextVectorizer(vocabulary: ["a"])
        #expect(try longest.encode(["", " "]).columnCount == 0)
        #expect(try longest.encode("") == [])
    }

    @Test func doesNotDependOnThreads() throws {
        let texts = (0..<3000).map { "word\($0 % 97) word\($0 % 13) \($0) tail of the text" }
        var vectorizer = try TextVectorizer(.init(maxTokens: 500, outputSequenceLength: 6))
        try vectorizer.adapt(texts)
        let expected = try vectorizer.encode(texts, threads: 1)
        for threads in [2, 3, 7] {
            #expect(try vectorizer.encode(texts, threads: threads) == expected)
        }
        #expect(expected[2999].elementsEqual(try vectorizer.encode(texts[2999])))

        var counts = try TextVectorizer(.init(maxTokens: 500, outputMode: .tfIDF))
        try counts.adapt(texts)
        #expect(try counts.features(of: texts, threads: 3) == counts.features(of: texts))
    }

    @Test func adaptsOverAsyncSequences() async throws {
        let texts = ["b a", "b c"]
        let (stream, continuation) = AsyncStream.makeStream(of: String.self)
        texts.forEach { continuation.yield($0) }
        continuation.finish()
        var vectorizer = try TextVectorizer()
        try await vectorizer.adapt(stream)
        #expect(vectorizer.vocabulary == ["", "[UNK]", "b", "c", "a"])
        try vectorizer.adapt(["z"])
        #expect(vectorizer.vocabulary == ["", "[UNK]", "z"])
    }

    @Test func failedAdaptChangesNothing() async throws {
        var vectorizer = try TextVectorizer()
        try vectorizer.adapt(["a"])
        #expect(throws: TextVectorizationError.noTokens(textCount: 2)) {
            try vectorizer.adapt(["", "!"])
        }
        let broken = AsyncThrowingStream<String, any Error> { continuation in
            continuation.yield("b")
            continuation.finish(throwing: CancellationError())
        }
        await #expect(throws: CancellationError.self) { try await vectorizer.adapt(broken) }
        #expect(vectorizer.vocabulary == ["", "[UNK]", "a"])
    }

    @Test func refusesWrongUse() throws {
        var fresh = try TextVectorizer()
        #expect(
            message { _ = try fresh.encode("a") }
                == "text vectorization: there is no vocabulary yet; call adapt with the training "
                + "texts, or give a vocabulary")
        #expect(
            message { try fresh.adapt(["!?", ""]) }
                == "text vectorization: no tokens in 2 texts; the vocabulary would be empty")
        #expect(fresh.vocabulary == [] && !fresh.isAdapted)

        var given = try TextVectorizer(.init(outputSequenceLength: 2), vocabulary: ["a"])
        #expect(
            message { try given.adapt(["b"]) }
                == "text vectorization: the vocabulary was given, so it cannot be learned; "
                + "leave out either the vocabulary or adapt")
        #expect(
            message { _ = try given.features(of: ["a"]) }
                == "text vectorization: features needs output mode multi_hot, count or tf_idf, "
                + "but the mode is int")
        var storage: [Int32] = [9, 9, 9]
        #expect(
            message {
                try storage.withUnsafeMutableBufferPointer { try given.encode(["a"], into: $0) }
            }
                == "text vectorization: the buffer holds 3 elements, expected 2 for 1 texts × 2")
        #expect(storage == [9, 9, 9])
        let ragged = try TextVectorizer(vocabulary: ["a"])
        #expect(
            message {
                try storage.withUnsafeMutableBufferPointer { try ragged.encode(["a"], into: $0) }
            }
                == "text vectorization: outputSequenceLength is not set, so rows have no fixed "
                + "length; set it, or encode into an array")
        let counts = try TextVectorizer(.init(outputMode: .count), vocabulary: ["a"])
        #expect(
            message { _ = try counts.encode("a") }
                == "text vectorization: encode needs output mode int, but the mode is count")
    }

    @Test(arguments: [
        (
            TextVectorizerOptions(maxTokens: 2),
            "maxTokens is 2, expected 3 to 2147483647: padding and [UNK] take 2 of them, "
                + "and at least one token of the texts must fit"
        ),
        (
            TextVectorizerOptions(maxTokens: 1, outputMode: .count),
            "maxTokens is 1, expected 2 to 2147483647: [UNK] takes 1 of them, "
                + "and at least one token of the texts must fit"
        ),
        (
            TextVectorizerOptions(padToMaxTokens: true),
            "padToMaxTokens is set without maxTokens; give maxTokens"
        ),
        (
            TextVectorizerOptions(outputMode: .tfIDF, outputSequenceLength: 4),
            "outputSequenceLength is 4 in output mode tf_idf, whose rows are as wide as the "
                + "vocabulary; leave it out or use the mode int"
        ),
        (
            TextVectorizerOptions(outputSequenceLength: 0),
            "outputSequenceLength is 0, expected 1 to 2147483647"
        ),
        (TextVectorizerOptions(ngrams: 0), "ngrams is 0, expected a width of 1 or more"),
        (
            TextVectorizerOptions(ngrams: []),
            "ngrams is an empty list, expected at least one width"
        ),
        (
            TextVectorizerOptions(ngrams: [2, -1]),
            "ngrams holds the width -1, expected widths of 1 or more"
        ),
    ]) func refusesOptions(_ options: TextVectorizerOptions, _ reason: String) {
        #expect(message { _ = try TextVectorizer(options) } == "text vectorization: " + reason)
    }

    @Test(
        arguments: [
            ([], nil, "the given vocabulary is empty; give at least one token"),
            (["[UNK]"], [1], "the given vocabulary is empty; give at least one token"),
            (
                ["b", "a\n", "b"], [1, 2, 3],
                "token \"b\" is at index 0 and again at index 2 of the vocabulary; "
                    + "tokens must be distinct"
            ),
            (
                ["a", ""], [1, 2],
                "the empty token at index 1 of the vocabulary is reserved for padding; leave the "
                    + "special tokens out, or begin with exactly \"[UNK]\""
            ),
            (
                ["a", "b", "c", "d"], [1, 2, 3, 4],
                "the vocabulary has 5 tokens with the special ones, but maxTokens is 4"
            ),
            (
                ["a", "b"], nil,
                "output mode tf_idf with a given vocabulary needs idfWeights, one per token"
            ),
            (["a", "b"], [1], "1 idfWeights for 2 tokens; give one per token"),
            (
                ["a", "b"], [1, .nan],
                "the idf weight at index 1 is nan; weights must be finite"
            ),
        ] as [([String], [Float]?, String)])
    func refusesVocabularies(_ tokens: [String], _ weights: [Float]?, _ reason: String) {
        let options = TextVectorizerOptions(maxTokens: 4, outputMode: .tfIDF)
        let received = message {
            _ = try TextVectorizer(options, vocabulary: tokens, idfWeights: weights)
        }
        #expect(received == "text vectorization: " + reason)
    }

    @Test func refusesWeightsInOtherModes() {
        #expect(
            message { _ = try TextVectorizer(vocabulary: ["a"], idfWeights: [1]) }
                == "text vectorization: idfWeights are given, but the output mode is int; "
                + "only tf_idf uses them")
    }

    @Test func hugeNgramsEndWithTheText() throws {
        let vectorizer = try TextVectorizer(.init(ngrams: .upTo(.max)))
        #expect(vectorizer.tokens(of: "a b c") == ["a", "b", "c", "a b", "b c", "a b c"])
        #expect(vectorizer.tokens(of: "") == [])
    }
}
