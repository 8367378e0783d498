import Martlet

/// A step's graph as it is traced, and after each pass.
struct GraphStages {
    struct Stage {
        /// The pass, or `trace`; a pass that runs again is `share-common-subexpressions#2`.
        let name: String
        let graph: Graph
    }

    private(set) var stages: [Stage]

    init(_ step: StepGraph) throws {
        var stages = [Stage(name: "trace", graph: step.start)]
        var runs: [String: Int] = [:]
        _ = try step.pipeline.run(step.start) { pass, graph in
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
