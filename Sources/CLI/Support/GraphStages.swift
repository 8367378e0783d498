import Martlet
import MartletGraphs

/// What a model is compiled for.
enum Mode: String, CaseIterable {
    case train, infer
}

/// A model's graph as it is traced, and after each pass.
struct GraphStages {
    struct Stage {
        /// The pass, or `trace`; a pass that runs again is `share-common-subexpressions#2`.
        let name: String
        let graph: Graph
    }

    let stages: [Stage]

    init(_ entry: ModelCatalog.Entry, mode: Mode, batchSize: Int, changes: ModelCatalog.Changes)
        throws
    {
        let traced = try entry.model(changes).trace(
            training: mode == .train, batchBound: batchSize)
        let builder = traced.builder
        switch mode {
        case .infer: traced.declareOutputs()
        case .train:
            let output = traced.outputs[0]
            let type = entry.recipe.loss.labelType(for: output.type)
            let labels = try builder.append(
                .input(MartletIR.Input("labels", role: .data, type: type)))
            let loss = try entry.recipe.loss.emit(
                labels: labels, output: output.value, mask: output.mask, in: builder)
            builder.output("loss", loss.value)
        }
        let pipeline: PassPipeline =
            mode == .infer
            ? .inference(verifies: true)
            : .training(optimizer: AppendOptimizer(entry.recipe.optimizer), verifies: true)
        let start = try builder.build()
        var stages = [Stage(name: "trace", graph: start)]
        var runs: [String: Int] = [:]
        _ = try pipeline.run(start) { pass, graph in
            let run = runs[pass, default: 0] + 1
            runs[pass] = run
            stages.append(Stage(name: run == 1 ? pass : "\(pass)#\(run)", graph: graph))
        }
        self.stages = stages
    }

    /// The graph that is made into a plan.
    var final: Graph { stages[stages.count - 1].graph }

    /// - Throws: `UserError` that lists the passes.
    func stage(after pass: String) throws -> Stage {
        guard let stage = stages.first(where: { $0.name == pass }) else {
            throw UserError(
                "there is no pass \"\(pass)\" here; the passes are "
                    + stages.map(\.name).joined(separator: ", "))
        }
        return stage
    }
}
