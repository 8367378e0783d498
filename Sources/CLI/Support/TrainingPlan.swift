import Foundation
import Martlet
import MartletGraphs

/// A training as `martlet train` was told: model, data and arguments, all read and checked.
struct TrainingPlan: Sendable {
    let entry: ModelCatalog.Entry
    let model: Model
    private let training: Examples
    private let validation: Examples?
    private let epochs: Int
    private let batchSize: Int
    private let stepsPerEpoch: Int?
    private let shuffle: Bool
    private let verbosity: Verbosity

    init(_ command: TrainCommand) throws {
        entry = try command.model.entry
        let training = try command.train.map { try NewsData(path: $0) } ?? NewsData(.training())
        self.training = training.examples
        if let path = command.validation {
            validation = try NewsData(path: path).examples
        } else {
            validation = command.train == nil ? NewsData(.validation()).examples : nil
        }
        epochs = command.epochs ?? entry.recipe.epochCount
        batchSize = command.batchSize ?? entry.recipe.batchSize
        stepsPerEpoch = command.stepsPerEpoch
        shuffle = command.shuffle
        verbosity = command.json.isOn ? .silent : .automatic

        model = try entry.model(ModelCatalog.Changes(dropout: command.dropout ? nil : 0))
        try model.adaptTextVectorization(training.texts)
        var optimizer = entry.recipe.optimizer
        if let rate = command.learningRate { optimizer.learningRate = .constant(rate) }
        try model.compile(
            optimizer: optimizer, loss: entry.recipe.loss, metrics: [.accuracy],
            options: TrainingOptions(
                threadCount: command.threads.count, seed: command.seed,
                backend: command.backend.backend))
        if let path = command.initialWeights { try model.loadWeights(from: path) }
    }

    /// `Learning from 4,000 rows, judged by 800`
    var description: String {
        "Learning from \(training.count.formatted()) rows"
            + (validation.map { ", judged by \($0.count.formatted())" } ?? "")
    }

    func fit(_ recorder: EpochRecorder) async throws {
        try await model.fit(
            training, batchSize: batchSize, epochs: epochs, validation: validation,
            shuffle: shuffle, stepsPerEpoch: stepsPerEpoch, callbacks: [recorder],
            verbosity: verbosity)
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
