import Foundation
import MartletFiles
import MartletJSON
import MartletText
import Testing

@Suite struct WordPieceLoadingTests {
    private final class Folder {
        let path = NSTemporaryDirectory() + "martlet-\(UUID().uuidString)"

        init() throws {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true)
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        func write(_ text: String, to name: String) throws {
            try AtomicFile.write(Array(text.utf8), to: "\(path)/\(name)")
        }
    }

    private func refusal(_ body: () throws -> Void) -> String {
        do { try body() } catch { return "\(error)" }
        return "accepted"
    }

    // MARK: vocab.txt

    private func vocabulary(_ text: String) throws -> WordPieceVocabulary {
        try WordPieceVocabulary(vocabularyFile: Array(text.utf8))
    }

    @Test func countsLinesAsHuggingFace() throws {
        let pieces = try vocabulary("a\r\nb\n\n\r\nc\rd\n e").pieces
        #expect(pieces == ["a", "b", "", "", "c", "d", " e"])
        #expect(try vocabulary("a\n").id(of: "") == nil)
        #expect(try vocabulary("a\n\nb")[1] == nil)
        #expect(try vocabulary("").count == 0)
    }

    /// Swift's `String` equality would merge these pieces.
    @Test func keepsPiecesThatDifferOnlyUnderNormalisation() throws {
        let vocabulary = try vocabulary("[UNK]\n\u{E9}\ne\u{301}\n\u{212B}\n\u{C5}\n")
        #expect(vocabulary.id(of: "\u{E9}") == 1)
        #expect(vocabulary.id(of: "e\u{301}") == 2)
        #expect(vocabulary.id(of: "\u{212B}") == 3)
        #expect(vocabulary.id(of: "\u{C5}") == 4)
    }

    @Test func refusesBadVocabularies() throws {
        #expect(
            refusal { _ = try vocabulary("a\nb\u{1B}\nc\nb\u{1B}\n") }
                == "vocab.txt: the piece \"b\\u{1b}\" occurs twice, on line 2 and on line 4; each "
                + "piece has one id")
        #expect(
            refusal { _ = try WordPieceVocabulary(vocabularyFile: [0x61, 0x0A, 0xFF, 0x0A]) }
                == "vocab.txt: line 2 is not valid UTF-8")
        #expect(
            refusal { _ = try vocabulary("\u{FEFF}a\n") }
                == "vocab.txt: begins with a byte order mark, which would be part of the first "
                + "piece; save the file without it")
        #expect(
            refusal { _ = try WordPieceTokenizer(vocabularyFile: Array("a\nb\n".utf8)) }
                == "vocab.txt: the vocabulary of 2 pieces lacks the special token \"[UNK]\"; add it "
                + "or name another one in tokenizer_config.json")
        #expect(
            refusal {
                _ = try WordPieceTokenizer(
                    vocabulary: try vocabulary("a\nb\n"),
                    configuration: WordPieceTokenizer.Configuration())
            }
                == "tokenizer: the vocabulary of 2 pieces lacks the unknown token \"[UNK]\"; add it "
                + "or name another one")
    }

    // MARK: tokenizer.json

    @Test func readsTokenizerFiles() throws {
        let bytes = try ReadableFile.contents(of: "\(WordPieceGoldens.folder)/tokenizer.json")
        let tokenizer = try WordPieceTokenizer(tokenizerFile: bytes)
        let other = try WordPieceGoldens.tokenizer(nil)
        #expect(tokenizer.vocabulary.pieces == other.vocabulary.pieces)
        #expect(tokenizer.configuration.template == other.configuration.template)
        #expect(tokenizer.configuration.normalization == other.configuration.normalization)
        #expect(tokenizer.idCount == other.vocabulary.count)
        #expect(tokenizer.id(of: "[MASK]") == 4)
        #expect(tokenizer.paddingID == 0)
    }

    private func changed(_ change: (inout JSONObject) -> Void) throws -> String {
        let document = try WordPieceGoldens.document("tokenizer")
        var object = try #require(document.objectValue)
        change(&object)
        return refusal {
            _ = try WordPieceTokenizer(tokenizerFile: JSONValue.object(object).serialized())
        }
    }

    @Test func refusesUnsupportedComponentsAllAtOnce() throws {
        let message = try changed { object in
            object["normalizer"] = ["type": "NFKC"]
            object["pre_tokenizer"] = ["type": "Whitespace"]
            object["post_processor"] = ["type": "RobertaProcessing"]
            object["decoder"] = ["type": "BPEDecoder"]
            var model = object["model"]?.objectValue ?? JSONObject()
            model["type"] = "BPE"
            object["model"] = .object(model)
        }
        #expect(
            message == """
                tokenizer.json: 5 problems
                  - model.type: "BPE" is not supported; a WordPiece tokenizer has WordPiece
                  - normalizer.type: "NFKC" is not supported; a WordPiece tokenizer has \
                BertNormalizer
                  - pre_tokenizer.type: "Whitespace" is not supported; a WordPiece tokenizer has \
                BertPreTokenizer
                  - decoder.type: "BPEDecoder" is not supported; a WordPiece tokenizer has WordPiece
                  - post_processor.type: "RobertaProcessing" is not supported; a WordPiece \
                tokenizer has TemplateProcessing or BertProcessing
                """)
    }

    @Test func refusesCollidingTokens() throws {
        #expect(
            try changed { $0["added_tokens"] = [["id": 7, "content": "[NEW]"]] }
                == "tokenizer.json: the added token \"[NEW]\" has id 7, which is \"quick\" in the "
                + "vocabulary")
        #expect(
            try changed { $0["added_tokens"] = [["id": 999, "content": "quick"]] }
                == "tokenizer.json: the added token \"quick\" has id 999, but id 7 in the "
                + "vocabulary")
        #expect(
            try changed {
                $0["added_tokens"] = [
                    ["id": 999, "content": "<a>"], ["id": 999, "content": "<b>"],
                ]
            } == "tokenizer.json: the added tokens \"<a>\" and \"<b>\" both have id 999")
    }

    @Test func refusesBadIDs() throws {
        let message = try changed { object in
            var model = object["model"]?.objectValue ?? JSONObject()
            model["vocab"] = ["[UNK]": 0, "a": 1.0, "b": -1, "c": 0, "d": 1_000_000]
            object["model"] = .object(model)
        }
        #expect(
            message == """
                tokenizer.json: 4 problems
                  - model.vocab: the id of "a" must be a whole number from 0 to 1020, found 1.0
                  - model.vocab: the id of "b" must be a whole number from 0 to 1020, found -1
                  - model.vocab: "[UNK]" and "c" both have id 0
                  - model.vocab: the id of "d" must be a whole number from 0 to 1020, found 1000000
                """)
        #expect(
            refusal { _ = try WordPieceTokenizer(tokenizerFile: Array("{}".utf8)) }.contains(
                "model: is missing; expected an object"))
        let deep = [UInt8](repeating: UInt8(ascii: "["), count: 100_000)
        #expect(
            refusal { _ = try WordPieceTokenizer(tokenizerFile: deep) }
                == "tokenizer.json: JSON, line 1, column 129 (byte 128): arrays and objects are "
                + "nested more than 128 deep")
    }

    // MARK: Folders

    @Test func readsFolders() throws {
        let folder = try Folder()
        let golden = WordPieceGoldens.folder
        let vocabulary = String(
            decoding: try ReadableFile.contents(of: "\(golden)/vocab.txt"), as: UTF8.self)
        let file = String(
            decoding: try ReadableFile.contents(of: "\(golden)/tokenizer.json"), as: UTF8.self)
        #expect(
            refusal { _ = try WordPieceTokenizer(folder: folder.path) }
                == "\(folder.path): there is neither tokenizer.json nor vocab.txt, from which a "
                + "WordPiece tokenizer is read")
        try folder.write(vocabulary, to: "vocab.txt")
        let text = "Fox CAFÉ [MASK]"
        #expect(
            try WordPieceTokenizer(folder: folder.path).tokenize(text)
                == ["fox", "cafe", "[MASK]"])
        try folder.write(
            #"{"do_lower_case": false, "strip_accents": null, "mask_token": {"content": "Fox"}}"#,
            to: "tokenizer_config.json")
        #expect(
            try WordPieceTokenizer(folder: folder.path).tokenize("Fox é a[MASK]")
                == ["Fox", "é", "a", "[UNK]", "[UNK]", "[UNK]"])
        try folder.write(file, to: "tokenizer.json")
        #expect(
            try WordPieceTokenizer(folder: folder.path).tokenize("Fox fox é [MASK]")
                == ["Fox", "fox", "é", "[MASK]"])
        try folder.write(
            vocabulary.replacing("\nquick\n", with: "\nslow\n"), to: "vocab.txt")
        #expect(
            refusal { _ = try WordPieceTokenizer(folder: folder.path) }
                == "\(folder.path)/tokenizer.json: disagrees with vocab.txt: id 7 is \"quick\" here "
                + "and \"slow\" there; remove the wrong file")
        try folder.write(#"{"do_lower_case": 1, "pad_token": 2}"#, to: "tokenizer_config.json")
        #expect(
            refusal { _ = try WordPieceTokenizer(folder: folder.path) } == """
                \(folder.path)/tokenizer_config.json: 2 problems
                  - do_lower_case: expected a boolean, found an integer
                  - pad_token: expected a string, found an integer
                """)
    }

    /// Every prefix and many damaged copies are answered, never trapped on.
    @Test func survivesDamagedFiles() throws {
        let bytes = try ReadableFile.contents(of: "\(WordPieceGoldens.folder)/tokenizer.json")
        for end in stride(from: 0, to: bytes.count - 1, by: 7) {
            #expect(throws: (any Error).self) {
                try WordPieceTokenizer(tokenizerFile: Array(bytes[..<end]))
            }
        }
        var seed: UInt64 = 7
        for _ in 0..<500 {
            var damaged = bytes
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            damaged[Int(seed >> 33) % bytes.count] = UInt8(truncatingIfNeeded: seed >> 24)
            if let tokenizer = try? WordPieceTokenizer(tokenizerFile: damaged) {
                #expect(!tokenizer.tokenize("the fox").isEmpty)
            }
        }
    }
}
