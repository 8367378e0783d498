import ArgumentParser
import Martlet
import MartletGraphs
import MartletJSON

/// The programs of `graphs/Lesson`.
struct LessonCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lesson", abstract: "Run the lesson's programs that fine-tune a BERT.",
        discussion: """
            bert-as-layer declares the classifier layer by layer around a pretrained encoder, \
            fine-tuned-bert takes it from the folder as it is. Both train the head first, with BERT \
            frozen, then everything, and save a Hugging Face folder, which evaluate and predict \
            take. The sources are graphs/Lesson/BERTAsLayer.swift and FineTunedBERT.swift.
            """)

    enum Program: String, CaseIterable, ExpressibleByArgument {
        case bertAsLayer = "bert-as-layer"
        case fineTunedBERT = "fine-tuned-bert"
    }

    @Argument(help: "bert-as-layer or fine-tuned-bert.")
    var program: Program

    @Option(help: "The Hugging Face folder to begin with.", completion: .directory)
    var pretrained: String

    @Option(help: "Rows to learn from (CSV in the layout of AG News); the embedded news without.")
    var train: String?

    @Option(help: "Rows to judge by after each epoch.")
    var validation: String?

    @Option(help: "The Hugging Face folder to write.")
    var output: String

    @Option(help: "Tokens a text is cut to.")
    var maxLength = 128

    @Option(help: "Rows in a step.")
    var batchSize = 32

    @Option(help: "Steps in an epoch.")
    var stepsPerEpoch = 32

    @Option(help: "Steps of a validation.")
    var validationSteps = 2

    @Option(help: "Epochs with BERT frozen.")
    var frozenEpochs = 1

    @Option(help: "Epochs that train everything.")
    var epochs = 3

    @Option(help: "The highest learning rate when everything is trained.")
    var learningRate = 3e-5

    @Option(help: "The seed of the head's weights, shuffling and dropout.")
    var seed: UInt64 = 0

    @OptionGroup var threads: ThreadOption
    @OptionGroup var backend: BackendOption
    @OptionGroup var json: JSONOption

    func validate() throws {
        try requirePositive(maxLength, "--max-length")
        try requirePositive(batchSize, "--batch-size")
        try requirePositive(stepsPerEpoch, "--steps-per-epoch")
        try requirePositive(validationSteps, "--validation-steps")
        try requirePositive(frozenEpochs, "--frozen-epochs")
        try requirePositive(epochs, "--epochs")
        if (train == nil) != (validation == nil) {
            throw ValidationError("give both --train and --validation, or neither")
        }
    }

    func run() async throws {
        try FineTuning.requireSavable(to: output)
        let learned = try train.map { try NewsData(path: $0) } ?? NewsData(.training())
        let judged = try validation.map { try NewsData(path: $0) } ?? NewsData(.validation())
        let verbosity: Verbosity = json.isOn ? .silent : .automatic
        let histories: (frozen: History, all: History)
        switch program {
        case .bertAsLayer:
            histories = try await BERTAsLayer(settings).run(
                train: learned.news, validation: judged.news, output: output,
                verbosity: verbosity)
        case .fineTunedBERT:
            histories = try await FineTunedBERT(settings).run(
                train: learned.news, validation: judged.news, output: output,
                verbosity: verbosity)
        }
        if json.isOn {
            let result: JSONValue = [
                "output": .string(output), "frozen": histories.frozen.json,
                "all": histories.all.json,
            ]
            print(result.text())
        } else {
            print("Saved in \(output)")
        }
    }

    private var settings: LessonSettings {
        var settings = LessonSettings(pretrained: pretrained)
        settings.maxLength = maxLength
        settings.batchSize = batchSize
        settings.stepsPerEpoch = stepsPerEpoch
        settings.validationSteps = validationSteps
        settings.frozenEpochs = frozenEpochs
        settings.epochs = epochs
        settings.learningRate = learningRate
        settings.options = TrainingOptions(
            threadCount: threads.count, seed: seed, backend: backend.backend, cpu: backend.cpu)
        return settings
    }
}
