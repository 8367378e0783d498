import Foundation
import MartletInterchange
import MartletJSON
import Testing

/// `train bert-classifier`: from a Hugging Face folder to another one.
struct FineTuneCommandTests {
    private static let checkpoints = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Goldens/data/pretrained")

    private let files: TemporaryFolder

    init() throws {
        files = try TemporaryFolder()
        let rows = [
            "1,the news,of the news in red", "2,play,a play! playing the play",
            "3,word,words and words", "4,blue,uns blue s",
        ]
        let text = (rows + rows + rows).joined(separator: "\n") + "\n"
        try Data(text.utf8).write(to: files.url("news.csv"))
    }

    private func train(
        _ checkpoint: String, to output: String, _ more: [String] = []
    ) throws -> CommandLine.Result {
        try CommandLine.run(
            [
                "train", "bert-classifier", "--pretrained",
                Self.checkpoints.appendingPathComponent(checkpoint).path, "--train",
                files.path("news.csv"), "--batch-size", "5", "--max-length", "7", "--output",
                files.path(output),
            ] + more)
    }

    private func config(_ folder: String) throws -> JSONValue {
        try JSONValue(parsing: [UInt8](Data(contentsOf: files.url(folder + "/config.json"))))
    }

    private func accuracy(_ folder: String, _ more: [String] = []) throws -> Double {
        let run = try CommandLine.run(
            ["evaluate", files.path(folder), "--data", files.path("news.csv"), "--json"] + more)
        #expect(run.exitCode == 0, "\(run.errors)")
        return try #require(JSONValue(parsing: run.output)["accuracy"]?.doubleValue)
    }

    @Test(arguments: ["bert_bare", "distilbert_bare"])
    func learnsSavesAFolderEvaluatesAndPredicts(checkpoint: String) throws {
        let run = try train(
            checkpoint, to: "tuned",
            [
                "--validation", files.path("news.csv"), "--epochs", "30", "--learning-rate",
                "0.02", "--no-dropout", "--history", files.path("h.json"), "--json",
            ])
        #expect(run.exitCode == 0, "\(run.errors)")
        #expect(run.errors.contains("newly initialized: ['"))
        #expect(run.errors.contains("classifier.bias"))
        let history = try JSONValue(
            parsing: [UInt8](Data(contentsOf: files.url("h.json"))))
        #expect(history.objectValue?.keys == ["accuracy", "loss", "val_accuracy", "val_loss"])
        #expect(history["val_accuracy"]?.arrayValue?.last?.doubleValue == 1)
        #expect(try accuracy("tuned") == 1)

        let config = try config("tuned")
        #expect(
            config["id2label"]
                == ["0": "World", "1": "Sports", "2": "Business", "3": "Sci/Tech"])
        #expect(config["label2id"]?["Business"] == 2)
        // The rates of the folder, not those of this run.
        #expect(config["attention_dropout"] ?? config["attention_probs_dropout_prob"] == 0.1)
        #expect(try HuggingFaceFolder.maxLength(files.path("tuned")) == 7)
        #expect(FileManager.default.fileExists(atPath: files.path("tuned/vocab.txt")))

        let predicted = try CommandLine.run(
            "predict", files.path("tuned"), "--json", input: "a play! playing the play\n")
        #expect(predicted.exitCode == 0, "\(predicted.errors)")
        let line = try JSONValue(parsing: predicted.output)
        #expect(line["class"] == "Sports")
        #expect(line["logits"]?.arrayValue?.count == 4)
        let probabilities = line["probabilities"]?.arrayValue?.compactMap(\.doubleValue) ?? []
        #expect(abs(probabilities.reduce(0, +) - 1) < 1e-5)
    }

    @Test func aFrozenEncoderKeepsItsWeights() throws {
        let run = try train(
            "bert_bare", to: "frozen", ["--freeze-encoder", "--learning-rate", "0.1"])
        #expect(run.exitCode == 0, "\(run.errors)")
        #expect(run.errors.contains("64 of 3,716 weights are trained."), "\(run.errors)")
        let before = try SafetensorsFile(
            path: Self.checkpoints.appendingPathComponent("bert_bare/model.safetensors").path)
        let after = try SafetensorsFile(path: files.path("frozen/model.safetensors"))
        #expect(!before.tensors.isEmpty)
        for tensor in before.tensors {
            #expect(try after.bytes("bert." + tensor.name) == before.bytes(tensor.name))
        }
        #expect(try after.floats("classifier.bias").allSatisfy { $0 != 0 })
    }

    /// With a decay of 0 only the head and the pooler move; with an accumulation as long as the
    /// run nothing does before its last step.
    @Test func layersLearnAtTheirRatesAndStepsAreAccumulated() throws {
        let before = try SafetensorsFile(
            path: Self.checkpoints.appendingPathComponent("bert_bare/model.safetensors").path)
        func moves(_ output: String, _ more: [String]) throws -> [Bool] {
            let run = try train(
                "bert_bare", to: output,
                ["--epochs", "1", "--learning-rate", "0.1", "--warmup-ratio", "0"] + more)
            #expect(run.exitCode == 0, "\(run.errors)")
            let after = try SafetensorsFile(path: files.path(output + "/model.safetensors"))
            return try ["encoder.layer.1.output.dense.weight", "pooler.dense.weight"].map {
                try after.bytes("bert." + $0) != before.bytes($0)
            }
        }
        // Three steps of 12 rows in fives.
        #expect(try moves("plain", []) == [true, true])
        #expect(try moves("decayed", ["--layer-decay", "0"]) == [false, true])
        #expect(try moves("late", ["--gradient-accumulation", "3"]) == [true, true])
        #expect(try moves("never", ["--gradient-accumulation", "4"]) == [false, false])
    }

    @Test func theSeedDecidesTheHead() throws {
        var heads: [[UInt8]] = []
        for (index, seed) in ["3", "3", "4"].enumerated() {
            let run = try train(
                "bert_bare", to: "seed\(index)",
                ["--seed", seed, "--epochs", "1", "--threads", "\(index % 2 + 1)"])
            #expect(run.exitCode == 0, "\(run.errors)")
            let file = try SafetensorsFile(path: files.path("seed\(index)/model.safetensors"))
            heads.append(try file.bytes("classifier.weight"))
        }
        #expect(heads[0] == heads[1])
        #expect(heads[1] != heads[2])
    }

    @Test func anotherHeadIsReplaced() throws {
        let run = try train("bert_classifier", to: "other", ["--epochs", "1"])
        #expect(run.exitCode == 0, "\(run.errors)")
        #expect(run.errors.contains("classifier.weight: found [5, 10], expected [4, 10]"))
        let file = try SafetensorsFile(path: files.path("other/model.safetensors"))
        #expect(try file.tensor("classifier.weight").shape == [4, 10])
    }

    @Test func whatCannotBeIsRefused() throws {
        func message(_ arguments: [String]) throws -> String {
            let run = try CommandLine.run(arguments)
            #expect(run.exitCode == 2)
            let lines = run.errors.split(separator: "\n").map(String.init)
            return lines.first { $0.hasPrefix("Error: ") } ?? ""
        }
        #expect(
            try message(["train", "bert-classifier"])
                == "Error: bert-classifier begins with a Hugging Face folder; give it by "
                + "--pretrained")
        #expect(
            try message(["train", "ag-news-transformer", "--warmup-ratio", "0.1"])
                == "Error: --warmup-ratio is for bert-classifier, not for ag-news-transformer")
        #expect(
            try message(["train", "bert-classifier", "--pretrained", "x", "--warmup-ratio", "2"])
                == "Error: --warmup-ratio is 2.0, expected a share from 0 to 1")
        let bare = Self.checkpoints.appendingPathComponent("bert_bare").path
        #expect(
            try message(["predict", bare, "--text", "the news"])
                == "Error: \(bare): this folder holds no trained classifier (classifier.weight, "
                + "classifier.bias are missing); make one by `martlet train bert-classifier "
                + "--pretrained \(bare) --output FOLDER`")
        #expect(
            try message([
                "train", "bert-classifier", "--pretrained", bare, "--max-length", "10", "--train",
                files.path("news.csv"),
            ])
                == "Error: embeddings: sequences of 10 tokens are longer than the 9 positions "
                + "of the model; cut them, and set maxLength")
    }
}
