import Foundation
import Glibc
import MartletJSON
import Testing

struct TrainCommandTests {
    private let files: TemporaryFolder

    init() throws {
        files = try TemporaryFolder()
        let sentences = [
            "1,Talks,leaders met for talks", "2,Final,the team won the cup",
            "3,Shares,profits of the bank fell", "4,Chips,new software for phones",
        ]
        let rows = (sentences + sentences).joined(separator: "\n") + "\n"
        try Data(rows.utf8).write(to: files.url("train.csv"))
        let fewer = sentences.joined(separator: "\n") + "\n"
        try Data(fewer.utf8).write(to: files.url("validation.csv"))
    }

    private func train(_ more: String..., threads: Int = 2) throws -> CommandLine.Result {
        try CommandLine.run(
            [
                "train", "ag-news-transformer", "--train", files.path("train.csv"), "--batch-size",
                "4", "--threads", "\(threads)",
            ] + more)
    }

    @Test func profilesTheStepsOfATraining() throws {
        let run = try train("--epochs", "1", "--profile", files.path("trace.json"))
        #expect(run.exitCode == 0, "\(run.errors)")
        let text = try String(contentsOf: files.url("trace.json"), encoding: .utf8)
        let events = try #require(JSONValue(parsing: text)["traceEvents"]?.arrayValue)
        let backward = events.filter {
            $0["name"]?.stringValue?.hasPrefix("attention") == true
                && $0["name"]?.stringValue?.lowercased().contains("gradient") == true
        }
        // 8 rows in steps of 4.
        #expect(Set(backward.compactMap { $0["args"]?["run"] }).count == 2)
    }

    @Test func trainsSavesEvaluatesAndPredicts() throws {
        let (model, history) = (files.path("model"), files.path("h.json"))
        let run = try train(
            "--validation", files.path("validation.csv"), "--epochs", "2", "--output", model,
            "--history", history, "--json")
        #expect(run.exitCode == 0, "\(run.errors)")
        let printed = try JSONValue(parsing: run.output)
        #expect(printed["epochs"] == 2)
        #expect(printed["interrupted"] == false)

        let json = try JSONValue(parsing: String(contentsOf: files.url("h.json"), encoding: .utf8))
        let keys = json.objectValue?.keys
        #expect(keys == ["accuracy", "loss", "val_accuracy", "val_loss"])
        for key in keys ?? [] { #expect(json[key]?.arrayValue?.count == 2) }
        #expect(printed["history"] == json)

        let evaluated = try CommandLine.run(
            "evaluate", model, "--data", files.path("validation.csv"), "--batch-size", "4",
            "--json")
        let logs = try JSONValue(parsing: evaluated.output)
        #expect(logs["loss"] == json["val_loss"]?.arrayValue?.last)
        #expect(logs["accuracy"] == json["val_accuracy"]?.arrayValue?.last)
        #expect(logs["rows"] == 4)

        let predicted = try CommandLine.run(
            "predict", model, "--text", "the team won", "--text", "shares fell", "--json")
        let again = try CommandLine.run(
            "predict", model, "--json", input: "the team won\nshares fell\n")
        #expect(predicted.exitCode == 0, "\(predicted.errors)")
        #expect(predicted.output == again.output)
        let lines = try predicted.output.split(separator: "\n").map {
            try JSONValue(parsing: String($0))
        }
        #expect(lines.map { $0["text"] } == ["the team won", "shares fell"])
        for line in lines {
            let probabilities = line["probabilities"]?.arrayValue?.compactMap(\.doubleValue) ?? []
            #expect(probabilities.count == 4)
            #expect(abs(probabilities.reduce(0, +) - 1) < 1e-5)
            let label = try #require(line["label"]?.integerValue)
            #expect(probabilities.max() == probabilities[label])
        }
    }

    @Test func theSeedDecidesTheWeightsAndThreadsDoNot() throws {
        var weights: [Data] = []
        for (number, (seed, threads)) in [("7", 1), ("7", 2), ("8", 2)].enumerated() {
            let folder = "model\(number)"
            let run = try train(
                "--steps-per-epoch", "1", "--seed", seed, "--output", files.path(folder),
                threads: threads)
            #expect(run.exitCode == 0, "\(run.errors)")
            weights.append(try Data(contentsOf: files.url(folder + "/weights.safetensors")))
        }
        #expect(weights[0] == weights[1])
        #expect(weights[1] != weights[2])
    }

    @Test func trainingGoesOnFromGivenWeights() throws {
        let first = try train("--steps-per-epoch", "1", "--output", files.path("first"))
        #expect(first.exitCode == 0)
        let options = [
            "--initial-weights", files.path("first/weights.safetensors"), "--no-shuffle",
            "--no-dropout", "--learning-rate", "0", "--steps-per-epoch", "1",
        ]
        var weights: [Data] = []
        for seed in ["1", "2"] {
            let folder = "from-weights-\(seed)"
            let run = try CommandLine.run(
                [
                    "train", "ag-news-transformer", "--train", files.path("train.csv"),
                    "--batch-size", "4", "--seed", seed, "--output", files.path(folder),
                ] + options)
            #expect(run.exitCode == 0, "\(run.errors)")
            weights.append(try Data(contentsOf: files.url(folder + "/weights.safetensors")))
        }
        let given = try Data(contentsOf: files.url("first/weights.safetensors"))
        #expect(weights == [given, given])
    }

    @Test(arguments: [SIGINT, SIGTERM])
    func aSignalEndsTrainingAfterAStepAndSaves(signal: Int32) throws {
        let model = files.path("interrupted")
        let run = try CommandLine.run(
            [
                "train", "ag-news-transformer", "--train", files.path("train.csv"), "--epochs",
                "1000000", "--batch-size", "4", "--output", model,
            ]
        ) { process, errors in
            let limit = ContinuousClock.now + .seconds(60)
            while try String(contentsOf: errors, encoding: .utf8).isEmpty, .now < limit {
                usleep(10_000)
            }
            usleep(200_000)
            kill(process, signal)
        }
        #expect(run.exitCode == 128 + signal)
        #expect(run.message.hasPrefix("Stopped after "))
        #expect(run.message.hasSuffix("what was learned is in \(model)"))
        let predicted = try CommandLine.run("predict", model, "--text", "the team won")
        #expect(predicted.exitCode == 0, "\(predicted.errors)")
    }
}
