import Foundation
import Martlet
import MartletGraphs

/// A training as `martlet train` was told: model, data and arguments, all read and checked.
struct TrainingPlan: Sendable {
    let model: Model
    /// Writes what was learned to a folder.
    let save: @Sendable (String) throws -> Void
    private let training: Examples
    private let validation: Examples?
    private let epochs: Int
    private let batchSize: Int
    private let stepsPerEpoch: Int?
    private let shuffle: Bool
    private let verbosity: Verbosity

    init(_ command: TrainCommand, profile: PlanProfile?) throws {
        let isFineTuning = command.model.model == FineTuningOptions.modelName
        let entry = isFineTuning ? nil : try command.model.entry
        let training = try command.train.map { try NewsData(path: $0) } ?? NewsData(.training())
        self.training = training.examples
        if let path = command.validation {
            validation = try NewsData(path: path).examples
        } else {
            validation = command.train == nil ? NewsData(.validation()).examples : nil
        }
        epochs = command.epochs ?? entry?.recipe.epochCount ?? FineTuning.epochCount
        batchSize = command.batchSize ?? entry?.recipe.batchSize ?? FineTuning.batchSize
        stepsPerEpoch = command.stepsPerEpoch
        shuffle = command.shuffle
        verbosity = command.json.isOn ? .silent : .automatic

        let options = TrainingOptions(
            threadCount: command.threads.count, seed: command.seed,
            backend: command.backend.backend, precision: command.passes.policy,
            cpu: command.backend.cpu, profile: profile,
            disabledPasses: Set(command.passes.without), isStrict: command.strict)
        if let entry {
            let model = try Self.model(entry, command, training.texts, options)
            self.model = model
            save = { try ModelFolder.save(model, entry, to: $0) }
        } else {
            let tuning = try FineTuning(command)
            model = tuning.loaded.model
            save = { try tuning.save(to: $0) }
            let stepCount =
                epochs * (stepsPerEpoch ?? (training.texts.count + batchSize - 1) / batchSize)
            try model.compile(
                optimizer: tuning.optimizer(command, stepCount: stepCount),
                loss: FineTuning.loss, metrics: [.accuracy], options: options)
        }
    }

    /// A model of the catalogue, compiled by its recipe.
    private static func model(
        _ entry: ModelCatalog.Entry, _ command: TrainCommand, _ texts: [String],
        _ options: TrainingOptions
    ) throws -> Model {
        let model = try entry.model(ModelCatalog.Changes(dropout: command.dropout ? nil : 0))
        try model.adaptTextVectorization(texts)
        var optimizer = entry.recipe.optimizer
        if let rate = command.learningRate { optimizer.learningRate = .constant(rate) }
        try model.compile(
            optimizer: optimizer, loss: entry.recipe.loss, metrics: [.accuracy], options: options)
        if let path = command.initialWeights { try model.loadWeights(from: path) }
        return model
    }

    /// `Learning from 4,000 rows, judged by 800`
    var description: String {
        trainedShare + "Learning from \(training.count.formatted()) rows"
            + (validation.map { ", judged by \($0.count.formatted())" } ?? "")
    }

    /// `1,540 of 22,714,756 weights are trained. `, where some are frozen.
    private var trainedShare: String {
        guard let parameters = try? model.parameters else { return "" }
        let count = parameters.reduce(0) { $0 + $1.elementCount }
        let trained = parameters.filter(\.isTrainable).reduce(0) { $0 + $1.elementCount }
        guard trained < count else { return "" }
        return "\(trained.formatted()) of \(count.formatted()) weights are trained. "
    }

    func fit(_ recorder: EpochRecorder) async throws {
        let history = try await model.fit(
            training, batchSize: batchSize, epochs: epochs, validation: validation,
            shuffle: shuffle, stepsPerEpoch: stepsPerEpoch, callbacks: [recorder],
            verbosity: verbosity)
        // With a progress bar they are told before it.
        if verbosity == .silent {
            for warning in history.warnings { StandardError.print("Warning: \(warning)") }
        }
    }
}

extension Model {
    /// Learns the vocabulary of the model's text vectorization, if it has one.
    fileprivate func adaptTextVectorization(_ texts: [String]) throws {
        for stage in try trace(training: false, batchBound: 1).hostPrefix {
            try (stage.layer as? TextVectorization)?.adapt(texts)
        }
    }
}
