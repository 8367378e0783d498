import Martlet
import MartletJSON

import enum MartletCodegen.CodeForm
import struct MartletCodegen.PlanCode
import struct MartletCodegen.PlanKernel

/// The kernels of a plan, as `inspect --emit` prints them.
struct PlanListing {
    private let code: PlanCode

    init(_ plan: Plan, _ target: CPUOption) throws {
        code = try PlanCode(plan, cpu: target.cpu)
    }

    /// Kernel names by step.
    var names: [Int: [String]] {
        Dictionary(grouping: code.kernels, by: \.stepIndex).mapValues { $0.map(\.name) }
    }

    var json: JSONValue {
        .array(
            code.kernels.map { kernel in
                [
                    "kernel": .string(kernel.name), "step": .integer(kernel.stepIndex),
                    "path": .string(kernel.path),
                    "parts": kernel.partCount.map { .integer($0) } ?? .null,
                    "interpreted": .bool(kernel.function == nil),
                    "same_code_as": kernel.sameAs.map { .string($0) } ?? .null,
                ]
            })
    }

    /// `matmul.17  240 parts  code of matmul.3  @ block/query`
    var text: String {
        let width = code.kernels.map(\.name.count).max() ?? 0
        return code.kernels.map { kernel in
            var line = kernel.name + String(repeating: " ", count: width - kernel.name.count)
            line += kernel.partCount.map { "  \($0) parts" } ?? "  plain routine"
            if let first = kernel.sameAs { line += "  code of \(first)" }
            if !kernel.path.isEmpty { line += "  @ \(kernel.path)" }
            return line
        }.joined(separator: "\n")
    }

    /// The code of one kernel, or of all different ones for the name `all`.
    func code(_ form: CodeForm, of name: String) throws -> String {
        let kernels =
            name == "all" ? code.distinctKernels : [try code.kernel(named: name)]
        return try code.text(form, of: kernels)
    }
}
