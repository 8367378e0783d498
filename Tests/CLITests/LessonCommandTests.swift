import Foundation
import MartletJSON
import Testing

/// The lesson's programs from the command line, on a tiny folder.
struct LessonCommandTests {
    private let files: TemporaryFolder
    private let checkpoint = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Goldens/data/pretrained/bert_bare")
        .path

    init() throws {
        files = try TemporaryFolder()
        let rows = ["1,the news,of the news", "2,play,a play", "3,word,words", "4,blue,uns blue"]
        try Data((rows + rows).joined(separator: "\n").utf8).write(to: files.url("news.csv"))
    }

    private func lesson(_ program: String, _ more: [String] = []) throws -> CommandLine.Result {
        try CommandLine.run(
            [
                "lesson", program, "--pretrained", checkpoint, "--train", files.path("news.csv"),
                "--validation", files.path("news.csv"), "--max-length", "7", "--batch-size", "4",
                "--steps-per-epoch", "3", "--validation-steps", "1", "--epochs", "2", "--output",
                files.path(program),
            ] + more)
    }

    @Test(arguments: ["bert-as-layer", "fine-tuned-bert"])
    func trainsTheHeadThenEverythingAndSavesAFolder(program: String) throws {
        let run = try lesson(program, ["--json"])
        #expect(run.exitCode == 0, "\(run.errors)")
        let printed = try JSONValue(parsing: run.output)
        #expect(printed["frozen"]?["val_loss"]?.arrayValue?.count == 1)
        #expect(printed["all"]?["val_loss"]?.arrayValue?.count == 2)
        let predicted = try CommandLine.run(
            "predict", files.path(program), "--json", "--text", "a play")
        #expect(predicted.exitCode == 0, "\(predicted.errors)")
        #expect(
            try JSONValue(parsing: predicted.output)["probabilities"]?.arrayValue?.count == 4)
    }

    @Test func aFolderWithAnotherModelIsKept() throws {
        try FileManager.default.createDirectory(
            at: files.url("bert-as-layer"), withIntermediateDirectories: true)
        try Data("{}".utf8).write(to: files.url("bert-as-layer/model.json"))
        let run = try lesson("bert-as-layer")
        #expect(run.exitCode == 2)
        #expect(
            run.message
                == "Error: --output: \(files.path("bert-as-layer")) holds a model of the catalogue; "
                + "give another folder")
    }
}
