import Martlet

/// How the lesson's programs that fine-tune a BERT are run.
public struct LessonSettings: Sendable {
    /// A Hugging Face folder: `config.json`, a tokenizer, `model.safetensors`.
    public var pretrained: String
    public var classNames = AGNewsReader.classNames
    /// Tokens a text is cut to.
    public var maxLength = 128
    public var batchSize = 32
    /// Steps in an epoch; an epoch goes on in the data where the last one ended.
    public var stepsPerEpoch = 32
    public var validationSteps = 2
    /// Epochs that train the head alone.
    public var frozenEpochs = 1
    /// Epochs that train everything.
    public var epochs = 3
    /// The highest rate when everything is trained.
    public var learningRate = 3e-5
    public var options = TrainingOptions()

    public init(pretrained: String) { self.pretrained = pretrained }
}
