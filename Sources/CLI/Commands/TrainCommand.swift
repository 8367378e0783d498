import ArgumentParser
import Martlet
import MartletFiles
import MartletGraphs
import MartletJSON

struct TrainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train", abstract: "Train a model on labelled texts.",
        discussion: """
            Files have the layout of AG News: class (1 to 4), title, description. Without them the \
            embedded news corpus is learned. The model bert-classifier begins with a Hugging Face \
            folder and is saved as one. An interrupt (Ctrl-C) ends the training after the step \
            under way and saves what was learned; a second one ends it at once.
            """)

    @OptionGroup var model: ModelArgument

    @Option(help: "Rows to learn from (CSV).")
    var train: String?

    @Option(help: "Rows to judge by after each epoch (CSV).")
    var validation: String?

    @Option(help: "The folder to save the trained model in.")
    var output: String?

    @Option(help: "The file for Keras's History: one array per key (JSON).")
    var history: String?

    @Option(help: "Passes over the rows; the model's recipe by default.")
    var epochs: Int?

    @Option(help: "Rows in a step; the model's recipe by default.")
    var batchSize: Int?

    @Option(help: "Steps in an epoch; the next one goes on where it ended.")
    var stepsPerEpoch: Int?

    @Option(help: "The optimizer's learning rate; the model's recipe by default.")
    var learningRate: Double?

    @Option(help: "The seed of initial weights, shuffling and dropout.")
    var seed: UInt64 = 0

    @OptionGroup var fineTuning: FineTuningOptions

    @OptionGroup var threads: ThreadOption
    @OptionGroup var passes: PassOptions
    @OptionGroup var backend: BackendOption
    @OptionGroup var profile: ProfileOption

    @Option(help: "Begin with the weights of a safetensors file instead of random ones.")
    var initialWeights: String?

    @Flag(inversion: .prefixedNo, help: "Give each epoch an order of its own.")
    var shuffle = true

    @Flag(inversion: .prefixedNo, help: "Drop activations at random, as the model declares it.")
    var dropout = true

    @Flag(help: "Refuse what is doubtful about model, loss or data instead of warning of it.")
    var strict = false

    @OptionGroup var json: JSONOption

    func validate() throws {
        if let epochs { try requirePositive(epochs, "--epochs") }
        if let batchSize { try requirePositive(batchSize, "--batch-size") }
        if let stepsPerEpoch { try requirePositive(stepsPerEpoch, "--steps-per-epoch") }
        if validation != nil && train == nil {
            throw ValidationError("--validation is given without --train")
        }
        try fineTuning.validate(modelName: model.model, initialWeights: initialWeights)
    }

    func run() async throws {
        // Before anything takes time.
        if let output { try requireSavable(to: output) }
        if let history { try OutputPath.requireFile(history, option: "--history") }
        let profile = try self.profile.begin()
        let run = try TrainingPlan(self, profile: profile)
        let recorder = EpochRecorder()
        let task = Task { try await run.fit(recorder) }
        let watch = InterruptWatch { task.cancel() }
        StandardError.print(run.description)
        var isInterrupted = false
        do {
            try await task.value
        } catch is CancellationError {
            isInterrupted = true
        }
        try save(run, recorder)
        try self.profile.finish(profile, model: model.model)
        report(recorder, isInterrupted: isInterrupted)
        if isInterrupted, let exitCode = watch.exitCode { throw exitCode }
    }

    private func requireSavable(to output: String) throws {
        model.model == FineTuningOptions.modelName
            ? try FineTuning.requireSavable(to: output)
            : try ModelFolder.requireSavable(to: output)
    }

    private func save(_ run: TrainingPlan, _ recorder: EpochRecorder) throws {
        if let output { try run.save(output) }
        if let history {
            try AtomicFile.write(recorder.json.serialized(.indented), to: history)
        }
    }

    private func report(_ recorder: EpochRecorder, isInterrupted: Bool) {
        if isInterrupted {
            StandardError.print(
                "Stopped after \(recorder.epochCount) whole epochs"
                    + (output.map { "; what was learned is in \($0)" } ?? ""))
        }
        if json.isOn {
            let result: JSONValue = [
                "model": .string(model.model), "epochs": .integer(recorder.epochCount),
                "interrupted": .bool(isInterrupted),
                "output": output.map { .string($0) } ?? .null, "history": recorder.json,
            ]
            print(result.text())
        } else if !isInterrupted, let output {
            print("Saved in \(output)")
        }
    }
}
