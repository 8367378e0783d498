import ArgumentParser
import MartletGraphs

/// A model by its name in the catalogue.
struct ModelArgument: ParsableArguments {
    @Argument(
        help: "A model's name, as `martlet models` lists them.",
        completion: .list(ModelCatalog.entries.map(\.name) + [FineTuningOptions.modelName]))
    var model: String

    /// - Throws: `UnknownModel`, which lists the names there are.
    var entry: ModelCatalog.Entry { get throws { try ModelCatalog.entry(model) } }
}
