import Martlet

/// The lesson's fourth program: a pretrained BERT as a layer of a model that eats strings.
///
/// Its head is trained first, with BERT frozen; then all of it, with a small learning rate that
/// rises over the first tenth of the steps and falls to 0.
public struct BERTAsLayer: Sendable {
    public var settings: LessonSettings

    public init(_ settings: LessonSettings) { self.settings = settings }

    /// Strings → token ids → BERT → dropout → probabilities.
    ///
    /// - Returns: the model, and the checkpoint it begins with, which knows how to save it.
    public func model() throws -> (Model, PretrainedModel<BERTConfiguration>) {
        let checkpoint = try BERT.fromPretrained(
            settings.pretrained, head: .sequenceClassification(labels: settings.classNames.count),
            maxLength: settings.maxLength, labelNames: settings.classNames,
            options: LoadingOptions(ignoresMismatchedHead: true, seed: settings.options.seed))
        let preprocess = BERTPreprocessor(checkpoint.tokenizer, maxLength: settings.maxLength)
        let bert = try BERT.encoder(
            checkpoint.configuration, maxLength: settings.maxLength, inputNames: .tensorFlowHub)

        let text = StringInput(name: "text")
        let outputs = try bert(preprocess.named([text]).values)
        // tanh(Dense(first token)), not a mean over the tokens.
        let pooled = try Dropout(0.1)(outputs["pooled_output"])
        let classifier = Dense(settings.classNames.count, activation: .softmax, name: "classifier")
        let model = try Model("news_bert", inputs: text, outputs: ["topic": classifier(pooled)])
        // Layers are called as in the checkpoint, so its weights fit.
        try model.setWeights(checkpoint.weights)
        return (model, checkpoint)
    }

    /// Trains on news and saves a Hugging Face folder.
    ///
    /// - Returns: the histories of the frozen phase and of the other.
    public func run(
        train: [AGNewsExample], validation: [AGNewsExample], output: String,
        verbosity: Verbosity = .automatic
    ) async throws -> (frozen: History, all: History) {
        let (model, checkpoint) = try model()
        let news = try Dataset(train).shuffled(bufferSize: train.count, seed: settings.options.seed)
            .repeated().batched(settings.batchSize)
        let judged = try Dataset(validation).batched(settings.batchSize)
        let loss = Loss.sparseCategoricalCrossentropy()

        // The head alone.
        try model.freeze("bert")
        try model.compile(
            optimizer: .adam(), loss: loss, metrics: [.accuracy], options: settings.options)
        let frozen = try await model.fit(
            news, validation: judged, epochs: settings.frozenEpochs,
            stepsPerEpoch: settings.stepsPerEpoch,
            validationSteps: settings.validationSteps, verbosity: verbosity)

        // Everything. Steps are batches: counting rows here, the rate would never come down.
        let stepCount = settings.epochs * settings.stepsPerEpoch
        try model.setTrainable(true)
        try model.compile(
            optimizer: .modelGardenAdamW(
                initialLearningRate: settings.learningRate, totalStepCount: stepCount,
                warmupStepCount: stepCount / 10),
            loss: loss, metrics: [.accuracy], options: settings.options)
        let all = try await model.fit(
            news, validation: judged, epochs: settings.epochs,
            stepsPerEpoch: settings.stepsPerEpoch,
            validationSteps: settings.validationSteps, verbosity: verbosity)

        try checkpoint.save(to: output, weights: model.weights(), maxLength: settings.maxLength)
        return (frozen, all)
    }
}
