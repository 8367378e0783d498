import Foundation
import MartletFiles
import MartletLayers
import MartletText
import MartletTraining
import Testing

struct SavingTests {
    /// A folder that is removed at the end.
    private func withFolder(_ body: (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("saving-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        try await body(folder)
    }

    private static let texts = ["good news today", "bad news again", "good", "bad bad luck"]

    private func model() throws -> Sequential {
        let vectorization = TextVectorization(maxTokens: 20, outputSequenceLength: 4)
        try vectorization.adapt(Self.texts)
        let model = try Sequential("sentiment") {
            vectorization
            Embedding(inputDimension: 20, outputDimension: 6)
            GlobalAveragePooling1D()
            Dropout(0.2)
            Dense(2, activation: .softmax)
        }
        try compile(model)
        return model
    }

    private func compile(_ model: Model) throws {
        try model.compile(
            optimizer: .adam(learningRate: 0.05), loss: .sparseCategoricalCrossentropy(),
            metrics: [.accuracy], options: TrainingOptions(threadCount: 2, seed: 5))
    }

    private var examples: Examples {
        Examples(x: DataArray(Self.texts), y: DataArray([Int32(1), 0, 1, 0]))
    }

    @Test func savedModelsPredictTheSameBits() async throws {
        try await withFolder { folder in
            let model = try model()
            try await model.fit(examples, batchSize: 3, epochs: 4, verbosity: .silent)
            let expected = try await model.predict(Self.texts, batchSize: 3)
            let path = folder + "/model"
            try model.save(to: path)
            // A second save takes the place of the first.
            try model.save(to: path)
            let loaded = try Model.load(from: path)
            #expect(try await loaded.predict(Self.texts, batchSize: 3) == expected)
            #expect(try await loaded.predict(Self.texts, batchSize: 4) == expected)
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder) == ["model"],
                "nothing temporary is left")
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: path).sorted() == [
                    "architecture.json", "optimizer.safetensors", "training.json",
                    "weights.safetensors",
                ])
        }
    }

    @Test func foldersOfSomebodyElseAreNotReplaced() async throws {
        try await withFolder { folder in
            let model = try model()
            for name in ["notes.txt", "a.csv", "b.csv", "c.csv"] {
                try Data("mine".utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
            }
            let expected =
                "\(folder): holds other files (a.csv, b.csv, c.csv, …) that saving a model would "
                + "remove; give a new folder, or one with a saved model and nothing else"
            for action in [
                { try model.save(to: folder) }, { try Model.requireSavable(to: folder) },
            ] {
                let error = #expect(throws: FileError.self) { try action() }
                #expect(error.map { "\($0)" } == expected)
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 4)
            // Files saved with a model are its own.
            let path = folder + "/model"
            try model.save(to: path, with: ["labels.txt": Array("a b".utf8)])
            try model.save(to: path, with: ["labels.txt": Array("c d".utf8)])
            #expect(try String(contentsOfFile: path + "/labels.txt", encoding: .utf8) == "c d")
            #expect(throws: FileError.self) { try model.save(to: path) }
        }
    }

    @Test func trainingGoesOnAsIfNotInterrupted() async throws {
        try await withFolder { folder in
            let whole = try model()
            try await whole.fit(examples, batchSize: 3, epochs: 4, verbosity: .silent)
            let part = try model()
            try await part.fit(examples, batchSize: 3, epochs: 2, verbosity: .silent)
            try part.save(to: folder + "/part")
            let resumed = try Model.load(from: folder + "/part")
            try compile(resumed)
            try resumed.loadOptimizerState(from: folder + "/part")
            try await resumed.fit(
                examples, batchSize: 3, epochs: 4, initialEpoch: 2, verbosity: .silent)
            #expect(try resumed.weights() == whole.weights())
        }
    }

    @Test func weightsThatDoNotFitAreListed() async throws {
        try await withFolder { folder in
            let path = folder + "/weights.safetensors"
            try model().saveWeights(to: path)
            let other = try Sequential {
                Input(shape: [6])
                Dense(3)
            }
            let before = try other.weights()
            let error = #expect(throws: TrainingError.self) { try other.loadWeights(from: path) }
            #expect(
                error?.description == "\(path): the weights do not fit the model:"
                    + "\n  - \"dense/kernel\" has the shape [6, 2], expected [6, 3]"
                    + "\n  - \"dense/bias\" has the shape [2], expected [3]"
                    + "\n  - the model has no weight \"embedding/embeddings\"")
            #expect(try other.weights() == before)
        }
    }

    @Test func failingSavesLeaveWhatWasThere() async throws {
        try await withFolder { folder in
            let path = folder + "/file"
            try Data("text".utf8).write(to: URL(fileURLWithPath: path))
            #expect(throws: (any Error).self) { try model().save(to: path) }
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "text")
            #expect(throws: (any Error).self) { try Model.load(from: folder + "/nothing") }
            #expect(throws: TrainingError.self) {
                try Data("{".utf8).write(to: URL(fileURLWithPath: folder + "/architecture.json"))
                _ = try Model.load(from: folder)
            }
        }
    }

    @Test func checkpointsAreNamedByEpochAndKeepTheBest() async throws {
        try await withFolder { folder in
            let model = try model()
            let every = ModelCheckpoint(
                path: folder + "/{epoch:02d}-{loss:.1f}.safetensors", savesWeightsOnly: true)
            let best = ModelCheckpoint(
                path: folder + "/best", monitor: "loss", savesBestOnly: true)
            let logger = CSVLogger(path: folder + "/log.csv")
            let history = try await model.fit(
                examples, epochs: 3, callbacks: [every, best, logger], verbosity: .silent)
            let files = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            #expect(
                files.filter { $0.hasSuffix(".safetensors") }.map { $0.prefix(3) } == [
                    "01-", "02-", "03-",
                ])
            #expect(history.callbacks.count == 3)
            #expect(history.callback(ModelCheckpoint.self)?.lastPath?.contains("/03-") == true)
            _ = try Model.load(from: folder + "/best")
            let lines = try String(contentsOfFile: folder + "/log.csv", encoding: .utf8)
                .split(separator: "\n")
            #expect(lines.count == 4)
            #expect(lines[0] == "epoch,accuracy,loss")
            #expect(lines[1].hasPrefix("0,"))
        }
    }
}
