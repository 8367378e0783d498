import Martlet

/// The lesson's fifth program: a Hugging Face classifier from a folder, trained on texts that are
/// tokenized on the way, and saved as a folder again.
///
/// The head is trained first, with BERT frozen; then all of it.
public struct FineTunedBERT: Sendable {
    public var settings: LessonSettings

    public init(_ settings: LessonSettings) { self.settings = settings }

    /// A model from strings to logits; `report` tells which weights are fresh.
    public func load() throws -> PretrainedModel<BERTConfiguration> {
        try BERT.fromPretrained(
            settings.pretrained, head: .sequenceClassification(labels: settings.classNames.count),
            maxLength: settings.maxLength, preprocesses: true, labelNames: settings.classNames,
            options: LoadingOptions(ignoresMismatchedHead: true, seed: settings.options.seed))
    }

    /// Trains on news and saves a Hugging Face folder.
    ///
    /// - Returns: the histories of the frozen phase and of the other.
    public func run(
        train: [AGNewsExample], validation: [AGNewsExample], output: String,
        verbosity: Verbosity = .automatic
    ) async throws -> (frozen: History, all: History) {
        let loaded = try load()
        let model = loaded.model
        let news = try Dataset(train).shuffled(bufferSize: train.count, seed: settings.options.seed)
            .repeated().batched(settings.batchSize)
        let judged = try Dataset(validation).batched(settings.batchSize)
        // The model gives logits: without fromLogits, those of 1 or more, and of 0 or less, would
        // get no gradient.
        let loss = Loss.sparseCategoricalCrossentropy(fromLogits: true)

        try model.freeze("bert")
        try model.compile(
            optimizer: .adam(), loss: loss, metrics: [.accuracy], options: settings.options)
        let frozen = try await model.fit(
            news, validation: judged, epochs: settings.frozenEpochs,
            stepsPerEpoch: settings.stepsPerEpoch,
            validationSteps: settings.validationSteps, verbosity: verbosity)

        try model.setTrainable(true)
        try model.compile(
            optimizer: .huggingFaceAdamW(
                learningRate: .linearWarmupAndDecay(
                    peakLearningRate: settings.learningRate, warmupRatio: 0.1,
                    totalStepCount: settings.epochs * settings.stepsPerEpoch)),
            loss: loss, metrics: [.accuracy], options: settings.options)
        let all = try await model.fit(
            news, validation: judged, epochs: settings.epochs,
            stepsPerEpoch: settings.stepsPerEpoch,
            validationSteps: settings.validationSteps, verbosity: verbosity)

        try loaded.save(to: output, weights: model.weights(), maxLength: settings.maxLength)
        return (frozen, all)
    }
}
