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
            steps are those of the default backend, at the full batch size.
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
            let plan = try PlanExecutor().prepared(Plan(stages.final))
            showMemory(plan.memory, slice: plan.slicing?.memory)
        } else if plan {
            try showSteps(PlanExecutor().prepared(Plan(stages.final)))
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

    private func showMemory(_ memory: MemoryPlan, slice: MemoryPlan?) {
        if json.isOn {
            show([
                "arena_bytes": .integer(memory.peakByteCount),
                "lower_bound_bytes": .integer(memory.lowerBoundByteCount),
                "naive_bytes": .integer(memory.naiveByteCount),
                "busiest_step": .integer(memory.busiestStep),
                "slice_bytes": slice.map { .integer($0.peakByteCount) } ?? .null,
            ])
        } else {
            print(memory.picture(), terminator: "")
            if let slice { print("\na slice, of which each thread has one\n\(slice.picture())") }
        }
    }

    private func showSteps(_ plan: Plan) {
        func value(_ value: PlanValue) -> String {
            switch plan.buffers[value.buffer].storage {
            case .arena(let byteOffset): "\(value.type) at \(byteOffset)"
            case .slice(let byteOffset): "\(value.type) in slice at \(byteOffset)"
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
            if let slicing = plan.slicing {
                if index == slicing.steps.lowerBound { print(Self.describe(slicing)) }
                if index == slicing.steps.upperBound { print("end of the slices") }
            }
            print("\(index) \(step.label)" + (step.path.isEmpty ? "" : "  @ \(step.path)"))
            print("    from \(step.operands.map(value).joined(separator: ", "))")
            print("    to   \(step.results.map { $0.map(value) ?? "–" }.joined(separator: ", "))")
        }
    }

    private static func describe(_ slicing: BatchSlicing) -> String {
        let symbol = slicing.symbol
        let entries = "for every \(slicing.sliceBound) of \(symbol.name) <= \(symbol.bound)"
        let order =
            slicing.isSerial
            ? "one slice after another"
            : "\(slicing.groupCount(of: symbol.bound)) groups of \(slicing.slicesPerGroup) slices"
        return entries + ", \(order), \(slicing.memory.peakByteCount) bytes a slice, "
            + "\(slicing.sums.count) sums of \(slicing.sumElementCount) elements a group:"
    }

    private func show(_ value: JSONValue) { print(value.text()) }
}
