import Martlet
import MartletGraphs

/// What a model is compiled for.
enum Mode: String, CaseIterable {
    case train, infer
}

/// One step of a catalogue's model before any pass, and the passes that make it ready to run.
struct StepGraph {
    /// The input that holds the labels; training only.
    static let labels = "labels"
    static let loss = "loss"

    let start: Graph
    let pipeline: PassPipeline
    let output: String
    let recipe: ModelCatalog.Recipe

    init(
        _ entry: ModelCatalog.Entry, mode: Mode, batchSize: Int, changes: ModelCatalog.Changes,
        passes: PassOptions, packsPadding: Bool = false, verifies: Bool
    ) throws {
        let traced = try entry.model(changes).trace(
            training: mode == .train, batchBound: batchSize)
        let builder = traced.builder
        guard let output = traced.outputs.first else {
            throw UserError("\(entry.name) has no output")
        }
        recipe = entry.recipe
        self.output = output.name
        switch mode {
        case .infer:
            traced.declareOutputs()
            pipeline = .inference(
                policy: passes.policy, packsPadding: packsPadding,
                disabled: Set(passes.without), verifies: verifies)
        case .train:
            let type = recipe.loss.labelType(for: output.type)
            let labels = try builder.append(
                .input(MartletIR.Input(Self.labels, role: .data, type: type)))
            let loss = try recipe.loss.emit(
                labels: labels, output: output.value, mask: output.mask, in: builder)
            builder.output(Self.loss, loss.value)
            pipeline = .training(
                loss: Self.loss, optimizer: AppendOptimizer(recipe.optimizer),
                policy: passes.policy, packsPadding: packsPadding,
                disabled: Set(passes.without), verifies: verifies)
        }
        start = try builder.build()
    }
}
