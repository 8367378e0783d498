import Foundation
import Testing

/// What a user may get wrong, and what is then said. Exit code 2, nothing on standard output,
/// nothing written.
struct UserErrorTests {
    private let files: TemporaryFolder

    init() throws {
        files = try TemporaryFolder()
        for (name, text) in [
            ("good.csv", "1,a,b\n2,c,d\n"), ("label.csv", "1,a,b\n9,c,d\n"), ("empty.csv", ""),
            ("open.csv", "1,\"a\n"),
        ] {
            try Data(text.utf8).write(to: files.url(name))
        }
    }

    private func expect(
        _ message: String, _ arguments: String...,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let before = try FileManager.default.contentsOfDirectory(atPath: files.root.path)
        let run = try CommandLine.run(arguments, in: files.root)
        #expect(run.exitCode == 2, sourceLocation: sourceLocation)
        #expect(run.output.isEmpty, sourceLocation: sourceLocation)
        let lines = run.errors.split(separator: "\n").map(String.init)
        #expect(lines.contains(message), "\(run.errors)", sourceLocation: sourceLocation)
        let after = try FileManager.default.contentsOfDirectory(atPath: files.root.path)
        #expect(before.sorted() == after.sorted(), sourceLocation: sourceLocation)
    }

    @Test func dataThatCannotBeRead() throws {
        let train = ("train", "ag-news-transformer", "--train")
        try expect(
            "Error: none.csv: cannot read the file: no such file or directory", train.0, train.1,
            train.2, "none.csv", "--output", "model")
        try expect(
            "Error: label.csv:2:1: class is \"9\", expected 1, 2, 3 or 4", train.0, train.1,
            train.2, "label.csv", "--output", "model")
        try expect(
            "Error: empty.csv: the file is empty, expected rows", train.0, train.1, train.2,
            "empty.csv", "--output", "model")
        try expect(
            "Error: open.csv:1:3: the quote opened here is never closed; a quote inside a quoted "
                + "field is written twice (\"\")", train.0, train.1, train.2, "open.csv",
            "--output", "model")
    }

    @Test func optionsThatMakeNoSense() throws {
        let model = "ag-news-transformer"
        try expect(
            "Error: --validation is given without --train", "train", model, "--validation",
            "good.csv")
        try expect("Error: --epochs is 0, expected 1 or more", "train", model, "--epochs", "0")
        try expect(
            "Error: --batch-size is -1, expected 1 or more", "train", model, "--batch-size=-1")
        try expect(
            "Error: thread pool: 5000 threads asked for, allowed are 1...1024; leave the count out "
                + "for one thread a CPU", "bench", model, "--threads", "5000")
    }

    @Test func placesThatCannotBeWrittenTo() throws {
        let model = "ag-news-transformer"
        try expect(
            "Error: --output: good.csv is a file, expected a folder", "train", model, "--output",
            "good.csv")
        try expect(
            "Error: --output: there is no folder \(files.path("a/b"))", "train", model, "--output",
            "a/b/c")
        try expect(
            "Error: --history: . is a folder, expected a file", "train", model, "--history", ".")
    }

    @Test func modelsThatAreNone() throws {
        try expect(
            "Error: .: there is no model.json in this folder; give a folder that `martlet train "
                + "--output` wrote", "evaluate", ".")
        try expect(
            "Error: none: there is no model.json in this folder; give a folder that `martlet train "
                + "--output` wrote", "predict", "none", "--text", "a")
    }

    @Test func aLossThatIsNoNumberWritesNothing() throws {
        let run = try CommandLine.run(
            [
                "train", "ag-news-transformer", "--train", "good.csv", "--learning-rate", "1e30",
                "--epochs", "9", "--batch-size", "2", "--output", "model", "--history", "h.json",
            ], in: files.root)
        #expect(run.exitCode == 2)
        #expect(run.message.hasPrefix("Error: the loss is "))
        #expect(run.message.contains("Lower the learning rate"))
        #expect(!FileManager.default.fileExists(atPath: files.path("model")))
        #expect(!FileManager.default.fileExists(atPath: files.path("h.json")))
    }

    @Test func aDamagedModelIsRefused() throws {
        let saved = try CommandLine.run(
            [
                "train", "ag-news-transformer", "--train", "good.csv", "--batch-size", "2",
                "--output", "model",
            ], in: files.root)
        #expect(saved.exitCode == 0, "\(saved.errors)")
        let weights = files.url("model/weights.safetensors")
        try Data(contentsOf: weights).dropLast(4).write(to: weights)
        let run = try CommandLine.run(["predict", "model", "--text", "a"], in: files.root)
        #expect(run.exitCode == 2)
        #expect(run.message.contains("weights.safetensors"))
        let noText = try CommandLine.run(["predict", "model"], in: files.root)
        #expect(noText.exitCode == 2)
    }
}
