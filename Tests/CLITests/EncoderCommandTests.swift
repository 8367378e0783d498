import Foundation
import MartletInterchange
import MartletJSON
import Testing

struct EncoderCommandTests {
    private static func checkpoint(_ name: String) -> String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Goldens/data/pretrained/\(name)").path
    }

    private let bert = Self.checkpoint("bert_bare")

    // MARK: tokenize

    @Test func tokenizePrintsALineForEachLine() throws {
        let run = try CommandLine.run(
            "tokenize", bert, input: "The news!\r\n\nword ing\tplaying\nred")
        #expect(run.exitCode == 0, "\(run.errors)")
        #expect(
            run.output == """
                {"input_ids":[2,5,10,22,3],"token_type_ids":[0,0,0,0,0],\
                "attention_mask":[1,1,1,1,1],"offsets":[[0,0],[0,3],[4,8],[8,9],[0,0]]}
                {"input_ids":[2,3],"token_type_ids":[0,0],"attention_mask":[1,1],\
                "offsets":[[0,0],[0,0]]}
                {"input_ids":[2,12,14,3,13,18,3],"token_type_ids":[0,0,0,0,1,1,1],\
                "attention_mask":[1,1,1,1,1,1,1],\
                "offsets":[[0,0],[0,4],[5,8],[0,0],[0,4],[4,7],[0,0]]}
                {"input_ids":[2,26,3],"token_type_ids":[0,0,0],"attention_mask":[1,1,1],\
                "offsets":[[0,0],[0,3],[0,0]]}

                """)
    }

    @Test func tokenizeCutsAndFillsUp() throws {
        let run = try CommandLine.run(
            "tokenize", bert, "--max-length", "4", "--padding", input: "the word of news\nred\n")
        let rows = try run.output.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
        #expect(rows.map { $0["input_ids"] } == [[2, 5, 12, 3], [2, 26, 3, 0]])
        #expect(rows.map { $0["attention_mask"] } == [[1, 1, 1, 1], [1, 1, 1, 0]])
    }

    @Test func whatIsWrongWithLinesIsToldByNumber() throws {
        let tabs = try CommandLine.run("tokenize", bert, input: "red\na\tb\tc\n")
        #expect(tabs.exitCode == 2)
        #expect(
            tabs.message
                == "Error: standard input, line 2: 3 texts separated by tabs; expected one, or two "
                + "for a pair")
        let length = try CommandLine.run("tokenize", bert, "--max-length", "1", input: "red\n")
        #expect(length.exitCode == 2)
        #expect(
            length.message
                == "Error: standard input, lines 1 to 1: truncation to 1 tokens leaves no room for "
                + "the 2 special tokens")
        let folder = try CommandLine.run("tokenize", "/nowhere", input: "")
        #expect(folder.exitCode == 2)
    }

    @Test func tokenizeTellsItsTime() throws {
        let run = try CommandLine.run(
            "tokenize", bert, "--time", "0", "--threads", "1", input: "The news!\nred\tred\n")
        #expect(run.exitCode == 0, "\(run.errors)")
        let result = try JSONValue(parsing: run.output)
        #expect(result["texts"] == 2)
        #expect(result["bytes"] == 15)
        #expect(result["tokens"] == 10)
        #expect(result["runs"] == 5)
        #expect(try #require(result["milliseconds"]?.doubleValue) > 0)
        let refused = try CommandLine.run("tokenize", bert, "--time=-1", input: "")
        #expect(refused.exitCode == 2)
        #expect(refused.errors.contains("--time is -1.0, expected 0 to 86400"))
    }

    // MARK: encode

    private func encode(
        _ checkpoint: String, _ lines: String, _ options: [String] = []
    ) throws -> SafetensorsFile {
        let folder = try TemporaryFolder()
        let path = folder.path("states.safetensors")
        let run = try CommandLine.run(
            ["encode", checkpoint, "--max-length", "6", "--output", path] + options, input: lines)
        #expect(run.exitCode == 0, "\(run.errors)")
        // The file stays open when its folder goes.
        return try SafetensorsFile(path: path)
    }

    @Test func encodeKeepsTheOrderWhateverTheBatches() throws {
        let lines = "the news\nred blue\tword\n\nplay\nword in the news and a word of red\n"
        let file = try encode(bert, lines)
        #expect(file.tensors.map(\.name) == ["last_hidden_state", "pooler_output"])
        #expect(try file.tensor("last_hidden_state").shape == [5, 6, 15])
        #expect(try file.tensor("pooler_output").shape == [5, 15])
        let small = try encode(bert, lines, ["--batch-size", "2", "--threads", "1"])
        for name in ["last_hidden_state", "pooler_output"] {
            #expect(try small.bytes(name) == file.bytes(name))
        }
        let alone = try encode(bert, "play\n")
        #expect(
            try Array(file.floats("pooler_output")[45..<60]) == alone.floats("pooler_output"))
        #expect(try alone.floats("pooler_output").allSatisfy { abs($0) <= 1 && $0 != 0 })
    }

    @Test func distilBERTHasNoPooler() throws {
        let file = try encode(Self.checkpoint("distilbert_bare"), "the news\n")
        #expect(file.tensors.map(\.name) == ["last_hidden_state"])
        #expect(try file.tensor("last_hidden_state").shape == [1, 6, 14])
    }

    @Test func lengthBeyondThePositionsIsRefused() throws {
        let run = try CommandLine.run(
            "encode", bert, "--max-length", "10", "--output", "/nowhere/x", input: "red\n")
        #expect(run.exitCode == 2)
        #expect(
            run.message
                == "Error: embeddings: sequences of 10 tokens are longer than the 9 positions of "
                + "the model; cut them, and set maxLength")
    }

    @Test func unknownFamiliesAreRefused() throws {
        let folder = try TemporaryFolder()
        try Data("{\"model_type\": \"gpt2\"}".utf8).write(to: folder.url("config.json"))
        let run = try CommandLine.run(
            "encode", folder.root.path, "--output", folder.path("x"), input: "red\n")
        #expect(run.exitCode == 2)
        #expect(
            run.message
                == "  - model_type: \"gpt2\" cannot be loaded; expected one of bert, distilbert")
    }
}
