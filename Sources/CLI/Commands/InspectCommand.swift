import ArgumentParser
import Foundation
import Martlet
import MartletGraphs
import MartletJSON

import enum MartletCodegen.CodeForm

struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "Look inside a compiled model.",
        discussion: """
            Without options: the passes in order, with the size of the graph each leaves. Memory, \
            steps and kernels are those of the default backend, at the full batch size. Code may be \
            looked at for any CPU, also one that this machine could not run.
            """)

    @OptionGroup var model: ModelArgument
    @OptionGroup var sizes: SizeOptions

    @Option(help: "Print the textual IR after a pass; `trace` is before the first.")
    var after: String?

    @Flag(help: "Print the arena's size, its lower bound, and a picture of it.")
    var memory = false

    @Flag(help: "Print the plan's steps and the kernels that run them.")
    var plan = false

    @Flag(help: "Show what runs for a batch with padding: on packed tokens, where a mask is given.")
    var packed = false

    @Option(
        help: """
            Print code of a kernel: loop IR, LLVM IR or assembly. Without --kernel, list the kernels.
            """)
    var emit: CodeForm?

    @Option(help: "The kernel to print, as --emit and --plan name it; `all` for every one.")
    var kernel: String?

    @OptionGroup var passes: PassOptions
    @OptionGroup var target: CPUOption

    @OptionGroup var json: JSONOption

    func validate() throws {
        if [after != nil, memory, plan, emit != nil].count(where: { $0 }) > 1 {
            throw ValidationError("choose one of --after, --emit, --memory and --plan")
        }
        if kernel != nil && emit == nil {
            throw ValidationError("--kernel is given without --emit")
        }
    }

    func run() throws {
        let stages = try GraphStages(
            StepGraph(
                model.entry, mode: sizes.mode, batchSize: sizes.batchSize, changes: sizes.changes,
                passes: passes, packsPadding: packed, verifies: true))
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
        } else if let emit {
            let plan = try PlanExecutor().prepared(Plan(stages.final))
            try showCode(emit, PlanListing(plan, target))
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

    private func showCode(_ form: CodeForm, _ listing: PlanListing) throws {
        if let kernel {
            let text = try listing.code(form, of: kernel)
            if json.isOn {
                show([
                    "kernel": .string(kernel), "form": .string(form.rawValue),
                    "text": .string(text),
                ])
            } else {
                print(text, terminator: "")
            }
        } else if json.isOn {
            show(listing.json)
        } else {
            print(listing.text)
        }
    }

    private func showSteps(_ plan: Plan) throws {
        // Without LLVM there is no code to name.
        let names =
            Backend.default == .jit ? try PlanListing(plan, target).names : [:]
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
                    plan.steps.enumerated().map { index, step in
                        [
                            "step": .string(step.label), "path": .string(step.path),
                            "kernels": .strings(names[index] ?? []),
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
            if let kernels = names[index] { print("    by   \(kernels.joined(separator: ", "))") }
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

extension CodeForm: ExpressibleByArgument {}
