import ArgumentParser
import Martlet

/// A trained model by its folder.
struct FolderArgument: ParsableArguments {
    @Argument(
        help: "A folder that `martlet train --output` wrote, or a Hugging Face classifier.",
        completion: .directory)
    var folder: String

    @Option(
        help:
            "Tokens a text is cut to, for Hugging Face folders (default: as the model was trained)."
    )
    var maxLength: Int?

    func validate() throws {
        if let maxLength { try requirePositive(maxLength, "--max-length") }
    }

    /// The model, compiled as it was trained.
    func load(threads: ThreadOption, backend: BackendOption) throws -> TrainedModel {
        let saved = try TrainedModel(path: folder, maxLength: maxLength)
        try saved.compile(
            TrainingOptions(
                threadCount: threads.count, backend: backend.backend, cpu: backend.cpu))
        return saved
    }
}
