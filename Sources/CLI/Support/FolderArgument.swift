import ArgumentParser
import Martlet

/// A trained model by its folder.
struct FolderArgument: ParsableArguments {
    @Argument(help: "A folder that `martlet train --output` wrote.", completion: .directory)
    var folder: String

    /// The model, compiled as it was trained.
    func load(threads: ThreadOption, backend: BackendOption) throws -> ModelFolder {
        let saved = try ModelFolder(path: folder)
        try saved.model.compile(
            optimizer: saved.entry.recipe.optimizer, loss: saved.entry.recipe.loss,
            metrics: [.accuracy],
            options: TrainingOptions(threadCount: threads.count, backend: backend.backend))
        return saved
    }
}
