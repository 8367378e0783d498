import Foundation
import Testing

/// Folders that are damaged or hostile: exit code 2, what is wrong, nothing written.
struct HostileFolderTests {
    private let files: TemporaryFolder
    private let folder: URL

    init() throws {
        files = try TemporaryFolder()
        folder = files.url("bert")
        let golden = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Goldens/data/pretrained/bert_bare")
        try FileManager.default.copyItem(at: golden, to: folder)
    }

    private func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: folder.appendingPathComponent(name))
    }

    private func expect(
        _ message: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let output = files.path("states.safetensors")
        let run = try CommandLine.run(
            "encode", folder.path, "--max-length", "6", "--output", output, input: "the news\n")
        #expect(run.exitCode == 2, sourceLocation: sourceLocation)
        #expect(run.output.isEmpty, sourceLocation: sourceLocation)
        #expect(
            run.errors.replacing(folder.path, with: "FOLDER") == "Error: \(message)\n",
            sourceLocation: sourceLocation)
        #expect(!FileManager.default.fileExists(atPath: output), sourceLocation: sourceLocation)
    }

    @Test func truncatedWeights() throws {
        let weights = folder.appendingPathComponent("model.safetensors")
        try Data(contentsOf: weights).prefix(7).write(to: weights)
        try expect(
            "FOLDER/model.safetensors: the file has 7 bytes; a safetensors file begins with 8 bytes "
                + "that give its header's length; download it again")
    }

    @Test func picklesOnly() throws {
        try FileManager.default.moveItem(
            at: folder.appendingPathComponent("model.safetensors"),
            to: folder.appendingPathComponent("pytorch_model.bin"))
        try expect(
            "FOLDER: the weights are only there as a pickle (pytorch_model.bin), which can run any "
                + "program when read and is refused; convert it where you trust it: "
                + "`AutoModel.from_pretrained(folder).save_pretrained(folder)` in Python writes "
                + "model.safetensors")
    }

    @Test func shardsElsewhere() throws {
        try FileManager.default.removeItem(at: folder.appendingPathComponent("model.safetensors"))
        try write(
            "{\"weight_map\": {\"x\": \"../x.safetensors\"}}", to: "model.safetensors.index.json")
        try expect(
            "FOLDER/model.safetensors.index.json: weight_map \"x\": \"../x.safetensors\" is not the "
                + "plain name of a .safetensors file in the folder")
    }

    @Test func repeatedPieces() throws {
        try write("[PAD]\n[UNK]\n[CLS]\n[SEP]\nred\nred\n", to: "vocab.txt")
        try expect(
            "FOLDER/vocab.txt: the piece \"red\" occurs twice, on line 5 and on line 6; each piece "
                + "has one id")
    }

    @Test func deepTokenizerFiles() throws {
        try write(String(repeating: "[", count: 100_000), to: "tokenizer.json")
        try expect(
            "FOLDER/tokenizer.json: JSON, line 1, column 129 (byte 128): arrays and objects are "
                + "nested more than 128 deep")
    }

    @Test func severalProblemsOfTheConfiguration() throws {
        try write("{\"model_type\": \"bert\", \"vocab_size\": \"30\"}", to: "config.json")
        let run = try CommandLine.run(
            "encode", folder.path, "--output", files.path("x"), input: "red\n")
        #expect(run.exitCode == 2)
        let lines = run.errors.split(separator: "\n").map(String.init)
        #expect(lines.contains("  - vocab_size: expected an integer, found a string"))
        #expect(lines.contains("  - hidden_size: is missing; expected an integer"))
    }
}
