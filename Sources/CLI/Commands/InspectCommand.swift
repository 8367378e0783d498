import ArgumentParser
import Foundation
import Martlet
import MartletGraphs
import MartletJSON

struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "Look inside a compiled model.",
        discussion: """
            Without options: the passes in order, with the size of the graph each leaves. Memory and \
            steps are those of the interpreted plan, at the full batch size.
            """)

    @OptionGroup var model: ModelArgument
    @OptionGroup var sizes: SizeOptions

    @Option(help: "Print the textual IR after a pass; `trace` is before the first.")
    var after: String?

    @Flag(help: "Print the arena's size, its lower bound, and a picture of it.")
    var memory = false

    @Flag(help: "Print the plan's steps.")
    var plan = false

    @OptionGroup var json: JSONOption

    func validate() throws {
        if [after != nil, memory, plan].count(where: { $0 }) > 1 {
            throw ValidationError("choose one of --after, --memory and --plan")
        }
    }

    func run() throws {
        let stages = try GraphStages(
            StepGraph(
                model.entry, mode: sizes.mode, batchSize: sizes.batchSize, changes: sizes.changes,
                verifies: true))
        if let after {
            let stage = try stages.stage(after: after)
            if json.isOn {
                show(["pass": .string(stage.name), "text": .string(stage.graph.text)])
            } else {
                print(stage.graph.text, terminator: "")
            }
        } else if memory {
            try showMemory(Plan(stages.final).memory)
        } else if plan {
            try showSteps(Plan(stages.final))
        } else {
            showPasses(stages.stages)
        }
    }

    private func showPasses(_ stages: [GraphStages.Stage]) {
        if json.isOn {
            show(
                .array(
                    stages.map {
                        ["pass": .string($0.name), "nodes": .integer($0.graph.nodes.count)]
                    }))
            return
        }
        let width = stages.map(\.name.count).max() ?? 0
        for stage in stages {
            let name = stage.name.padding(toLength: width, withPad: " ", startingAt: 0)
            print("\(name)  \(stage.graph.nodes.count) nodes")
        }
    }

    private func showMemory(_ memory: MemoryPlan) {
        if json.isOn {
            show([
                "arena_bytes": .integer(memory.peakByteCount),
                "lower_bound_bytes": .integer(memory.lowerBoundByteCount),
                "naive_bytes": .integer(memory.naiveByteCount),
                "busiest_step": .integer(memory.busiestStep),
            ])
        } else {
            print(memory.picture(), terminator: "")
        }
    }

    private func showSteps(_ plan: Plan) {
        func value(_ value: PlanValue) -> String {
            switch plan.buffers[value.buffer].storage {
            case .arena(let byteOffset): "\(value.type) at \(byteOffset)"
            case .input: "\(value.type) \"\(plan.buffers[value.buffer].name)\""
            case .constant: "\(value.type) constant"
            }
        }
        if json.isOn {
            show(
                .array(
                    plan.steps.map { step in
                        [
                            "kernel": .string(step.label), "path": .string(step.path),
                            "operands": .strings(step.operands.map(value)),
                            "results": .strings(step.results.compactMap { $0.map(value) }),
                        ]
                    }))
            return
        }
        for (index, step) in plan.steps.enumerated() {
            print("\(index) \(step.label)" + (step.path.isEmpty ? "" : "  @ \(step.path)"))
            print("    from \(step.operands.map(value).joined(separator: ", "))")
            print("    to   \(step.results.map { $0.map(value) ?? "–" }.joined(separator: ", "))")
        }
    }

    private func show(_ value: JSONValue) { print(value.text()) }
}
