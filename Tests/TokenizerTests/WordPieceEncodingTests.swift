import MartletJSON
import MartletText
import Testing

@Suite struct WordPieceEncodingTests {
    @Test func encodesAsTokenizers() throws {
        let texts = try #require(try WordPieceGoldens.document("encode")["texts"]).strings
        for golden in try WordPieceGoldens.cases("encode") {
            let tokenizer = try WordPieceGoldens.tokenizer(golden)
            let encodings = try #require(golden["encodings"]?.arrayValue)
            #expect(encodings.count == texts.count)
            for (text, expected) in zip(texts, encodings) {
                expectEqual(try tokenizer.encode(text), expected, text.debugDescription)
            }
        }
    }

    @Test func encodesAsTheLegacyTokenizer() throws {
        let texts = try #require(try WordPieceGoldens.document("legacy")["texts"]).strings
        for golden in try WordPieceGoldens.cases("legacy") {
            let tokenizer = try WordPieceGoldens.tokenizer(golden, .legacy)
            let ids = try #require(golden["ids"]?.arrayValue)
            #expect(ids.count == texts.count)
            for (text, expected) in zip(texts, ids) {
                #expect(
                    try tokenizer.encode(text).ids.map(Int.init) == expected.integers,
                    "\(text.debugDescription)")
            }
        }
    }

    private func truncation(_ golden: JSONValue) throws -> Truncation {
        let strategies: [String: Truncation.Strategy] = [
            "longest_first": .longestFirst, "only_first": .onlyFirst, "only_second": .onlySecond,
        ]
        return Truncation(
            maximumLength: try #require(golden["max_length"]?.integerValue),
            strategy: strategies[golden["strategy"]?.stringValue ?? ""] ?? .longestFirst,
            stride: golden["stride"]?.integerValue ?? 0,
            side: golden["side"] == "left" ? .left : .right)
    }

    @Test func truncatesAsTokenizers() throws {
        let tokenizer = try WordPieceGoldens.tokenizer(nil)
        var refusalCount = 0
        for golden in try WordPieceGoldens.cases("truncation") {
            let options = EncodingOptions(truncation: try truncation(golden))
            let first = try #require(golden["first"]?.stringValue)
            let second = golden["second"]?.stringValue
            if golden["refused"] == true {
                refusalCount += 1
                #expect(throws: TokenizerError.self, "\(golden)") {
                    try tokenizer.encode(first, pair: second, options: options)
                }
            } else {
                expectEqual(
                    try tokenizer.encode(first, pair: second, options: options), golden,
                    "\(first) | \(second ?? "-") | \(options)")
            }
        }
        #expect(refusalCount > 10)
    }

    @Test func truncatesPairsAsTheLegacyTokenizer() throws {
        let tokenizer = try WordPieceGoldens.tokenizer(nil, .legacy)
        for golden in try WordPieceGoldens.cases("legacy_truncation") {
            let encoding = try tokenizer.encode(
                try #require(golden["first"]?.stringValue), pair: golden["second"]?.stringValue,
                options: EncodingOptions(truncation: try truncation(golden)))
            #expect(encoding.ids.map(Int.init) == golden["ids"]?.integers, "\(golden)")
        }
    }

    @Test func padsAsTokenizers() throws {
        let tokenizer = try WordPieceGoldens.tokenizer(nil)
        for golden in try WordPieceGoldens.cases("padding") {
            let padding = TokenPadding(
                (golden["length"]?.integerValue).map { .fixed($0) } ?? .longest,
                multiple: golden["multiple"]?.integerValue ?? 1,
                side: golden["side"] == "left" ? .left : .right)
            let texts = try #require(golden["texts"]).strings
            let encodings = try tokenizer.encode(
                texts, options: EncodingOptions(padding: padding))
            let expected = try #require(golden["encodings"]?.arrayValue)
            #expect(encodings.count == expected.count)
            for (encoding, golden) in zip(encodings, expected) {
                expectEqual(encoding, golden, "\(padding)")
            }
        }
    }

    @Test func findsAddedTokensAsTokenizers() throws {
        for golden in try WordPieceGoldens.cases("added_tokens") {
            let tokenizer = try WordPieceTokenizer(
                tokenizerFile: try #require(golden["tokenizer"]).serialized())
            let texts = try #require(golden["texts"]).strings
            let expected = try #require(golden["encodings"]?.arrayValue)
            for (text, golden) in zip(texts, expected) {
                expectEqual(try tokenizer.encode(text), golden, text)
            }
        }
    }

    @Test func encodesWordsAsTokenizers() throws {
        let tokenizer = try WordPieceGoldens.tokenizer(nil)
        for golden in try WordPieceGoldens.cases("words") {
            let pair = golden["pair"].flatMap { $0 == .null ? nil : $0.strings }
            let encoding = try tokenizer.encode(
                words: try #require(golden["words"]).strings, pair: pair)
            expectEqual(encoding, golden, "\(golden)")
        }
    }

    @Test func decodesAsTokenizers() throws {
        let tokenizer = try WordPieceGoldens.tokenizer(nil)
        for golden in try WordPieceGoldens.cases("decode") {
            let ids = try #require(golden["ids"]).integers.map { Int32($0) }
            #expect(
                tokenizer.decode(ids, skipsSpecialTokens: golden["skip"] == true)
                    == golden["text"]?.stringValue)
        }
    }

    @Test func encodesBatchesTheSameOnAnyNumberOfThreads() throws {
        let tokenizer = try WordPieceGoldens.tokenizer(nil)
        let sentence = "The quick brown fox jumped over the lazy dogs. "
        let texts = (0..<300).map { String(repeating: sentence, count: $0 % 7) }
        let options = EncodingOptions(
            truncation: Truncation(maximumLength: 20, stride: 3), padding: TokenPadding(.longest))
        let expected = try tokenizer.encode(texts, options: options, threadCount: 1)
        #expect(expected.allSatisfy { $0.count == 20 })
        #expect(expected[6].overflow.count > 2)
        for threadCount in [2, 3, 8] {
            #expect(
                try tokenizer.encode(texts, options: options, threadCount: threadCount)
                    == expected)
        }
        let pairs = try tokenizer.encode(texts, pairs: texts.reversed(), threadCount: 2)
        #expect(try pairs[17] == tokenizer.encode(texts[17], pair: texts[282]))
        #expect(try tokenizer.encode([], options: options).isEmpty)
    }

    private func refusal(_ body: () throws -> Void) -> String {
        do { try body() } catch { return "\(error)" }
        return "accepted"
    }

    @Test func refusesTruncationThatCannotBe() throws {
        let tokenizer = try WordPieceGoldens.tokenizer(nil)
        func refusal(_ truncation: Truncation, pair: String? = "the fox") -> String {
            self.refusal {
                _ = try tokenizer.encode(
                    "the quick brown fox", pair: pair,
                    options: EncodingOptions(truncation: truncation))
            }
        }
        #expect(
            refusal(Truncation(maximumLength: 2))
                == "truncation to 2 tokens leaves no room for the 3 special tokens")
        #expect(
            refusal(Truncation(maximumLength: 6, strategy: .onlySecond))
                == "truncation .onlySecond to 6 tokens must take 3 off the second text, which has "
                + "only 2; use .longestFirst or a greater maximum length")
        #expect(
            refusal(Truncation(maximumLength: 5, strategy: .onlySecond), pair: nil)
                == "truncation .onlySecond needs a second text; give a pair or use .onlyFirst")
        #expect(
            refusal(Truncation(maximumLength: 5, stride: 4), pair: nil)
                == "a stride of 4 does not fit truncation to 5 tokens, which leaves 3 of a text; use "
                + "a smaller stride")
        #expect(
            refusal(Truncation(maximumLength: 6, stride: 2))
                == "truncation leaves 2 tokens of a text, which must be more than the stride of 2; "
                + "use a smaller stride")
        #expect(
            self.refusal {
                _ = try tokenizer.encode(
                    ["fox", "the quick fox"],
                    options: EncodingOptions(truncation: Truncation(maximumLength: 4, stride: 2)))
            }
                == "text 1: truncation leaves 2 tokens of a text, which must be more than the "
                + "stride of 2; use a smaller stride")
        #expect(
            self.refusal { _ = try tokenizer.encode(["a", "b"], pairs: ["c"]) }
                == "2 texts cannot be paired with 1 second texts")
    }
}

@Suite struct WordPieceTrainerTests {
    @Test func learnsWhatTokenizersLearns() throws {
        let frequencies = try #require(
            try WordPieceGoldens.document("training")["frequencies"]?.objectValue)
        let texts = frequencies.members.flatMap {
            [String](repeating: $0.key, count: $0.value.integerValue ?? 0)
        }
        for golden in try WordPieceGoldens.cases("training") {
            let trainer = WordPieceTrainer(
                vocabularySize: try #require(golden["vocab_size"]?.integerValue),
                minimumFrequency: golden["min_frequency"]?.integerValue ?? 0,
                alphabetLimit: golden["limit_alphabet"]?.integerValue,
                initialAlphabet: (golden["initial_alphabet"]?.strings ?? []).compactMap {
                    $0.unicodeScalars.first
                })
            let pieces = try trainer.train(texts).pieces
            let alphabet = try #require(golden["alphabet"]).strings
            #expect(pieces.prefix(alphabet.count).sorted() == alphabet.sorted())
            #expect(Array(pieces.dropFirst(alphabet.count)) == golden["merged"]?.strings)
            #expect(try trainer.train(texts).pieces == pieces)
        }
    }

    @Test func aTrainedVocabularyEncodes() throws {
        let vocabulary = try WordPieceTrainer(vocabularySize: 60).train(
            ["low lower lowest", "new newer newest", "\u{1B13}\u{1B44} low"])
        let tokenizer = try WordPieceTokenizer(vocabularyFile: vocabulary.file())
        #expect(tokenizer.decode(tokenizer.ids("newest low")) == "newest low")
        #expect(tokenizer.ids("\u{1B13}\u{1B44}").allSatisfy { $0 != 1 })
    }
}
