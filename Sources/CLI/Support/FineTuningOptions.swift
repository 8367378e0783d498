import ArgumentParser
import Foundation
import Martlet
import MartletGraphs

/// The model that begins with a Hugging Face folder, and what `train` may be told about it.
struct FineTuningOptions: ParsableArguments {
    static let modelName = "bert-classifier"
    static let abstract = "a classifier on the encoder of a Hugging Face folder (BERT, DistilBERT)"

    @Option(help: "For bert-classifier: the Hugging Face folder to begin with.")
    var pretrained: String?

    @Option(help: "For bert-classifier: tokens a text is cut to (128 by default).")
    var maxLength: Int?

    @Option(
        help:
            "For bert-classifier: the share of all steps in which the rate rises (0.1 by default).")
    var warmupRatio: Double?

    @Option(help: "For bert-classifier: AdamW's weight decay (0 by default).")
    var weightDecay: Double?

    @Option(
        help:
            "For bert-classifier: the factor on the rate from each block to the one before (1 by default)."
    )
    var layerDecay: Double?

    @Option(
        help:
            "For bert-classifier: steps whose gradients are averaged for an update (1 by default).")
    var gradientAccumulation: Int?

    @Flag(help: "For bert-classifier: train the head alone.")
    var freezeEncoder = false

    func validate() throws {
        if let maxLength { try requirePositive(maxLength, "--max-length") }
        if let warmupRatio, !(0...1).contains(warmupRatio) {
            throw ValidationError("--warmup-ratio is \(warmupRatio), expected a share from 0 to 1")
        }
        if let weightDecay, !(weightDecay >= 0 && weightDecay.isFinite) {
            throw ValidationError("--weight-decay is \(weightDecay), expected 0 or more")
        }
        if let layerDecay, !(0...1).contains(layerDecay) {
            throw ValidationError("--layer-decay is \(layerDecay), expected a factor from 0 to 1")
        }
        if let gradientAccumulation {
            try requirePositive(gradientAccumulation, "--gradient-accumulation")
        }
    }

    var accumulation: Int { gradientAccumulation ?? 1 }

    /// - Throws: `ValidationError` where options do not go with the model.
    func validate(modelName: String, initialWeights: String?) throws {
        if modelName == Self.modelName {
            guard pretrained != nil else {
                throw ValidationError(
                    "\(modelName) begins with a Hugging Face folder; give it by --pretrained")
            }
            if initialWeights != nil {
                throw ValidationError(
                    "--initial-weights is not for \(modelName); it begins with the weights of "
                        + "--pretrained")
            }
            return
        }
        let given: [(option: String, isGiven: Bool)] = [
            ("--pretrained", pretrained != nil), ("--max-length", maxLength != nil),
            ("--warmup-ratio", warmupRatio != nil), ("--weight-decay", weightDecay != nil),
            ("--layer-decay", layerDecay != nil),
            ("--gradient-accumulation", gradientAccumulation != nil),
            ("--freeze-encoder", freezeEncoder),
        ]
        if let wrong = given.first(where: \.isGiven) {
            throw ValidationError("\(wrong.option) is for \(Self.modelName), not for \(modelName)")
        }
    }
}

/// Hugging Face's recipe for fine-tuning: AdamW, gradients clipped, a linear warm-up and decay.
struct FineTuning {
    static let batchSize = 32
    static let epochCount = 3
    static let loss = Loss.sparseCategoricalCrossentropy(fromLogits: true)

    let loaded: PretrainedEncoder
    private let maxLength: Int

    /// Reads the folder, reports what does not fit on standard error, and freezes the encoder if
    /// that was asked for.
    init(_ command: TrainCommand) throws {
        let options = command.fineTuning
        loaded = try PretrainedEncoder(
            options.pretrained ?? "",
            head: .sequenceClassification(labels: AGNewsReader.classNames.count),
            maxLength: options.maxLength, preprocesses: true, labelNames: AGNewsReader.classNames,
            dropout: command.dropout ? nil : 0,
            options: LoadingOptions(
                ignoresMismatchedHead: true, refusesNonFinite: command.strict,
                seed: command.seed))
        maxLength = options.maxLength ?? min(128, loaded.maxPositions)
        for warning in loaded.report.warnings { StandardError.print(warning) }
        if options.freezeEncoder { try loaded.model.freeze(loaded.encoderLayerName) }
    }

    func optimizer(_ command: TrainCommand, stepCount: Int) -> Optimizer {
        let options = command.fineTuning
        let rates = options.layerDecay.map {
            BERT.layerwiseRates(
                layers: loaded.layerCount, decay: $0, encoder: loaded.encoderLayerName)
        }
        return .huggingFaceAdamW(
            learningRate: .linearWarmupAndDecay(
                peakLearningRate: command.learningRate ?? 5e-5,
                warmupRatio: options.warmupRatio ?? 0.1,
                totalStepCount: max(stepCount / options.accumulation, 1)),
            weightDecay: options.weightDecay ?? 0,
            learningRateMultipliers: rates ?? [:],
            gradientAccumulationStepCount: options.accumulation)
    }

    /// Refuses, before work is done for it, a folder with a model of the catalogue in it, which
    /// would hide the files written beside it.
    static func requireSavable(to path: String) throws {
        try OutputPath.requireFolder(path, option: "--output")
        let other = URL(fileURLWithPath: path).appendingPathComponent("model.json").path
        guard !FileManager.default.fileExists(atPath: other) else {
            throw UserError("--output: \(path) holds a model of the catalogue; give another folder")
        }
    }

    func save(to folder: String) throws {
        try loaded.save(to: folder, weights: loaded.model.weights(), maxLength: maxLength)
    }
}
