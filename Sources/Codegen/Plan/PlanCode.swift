import MartletIR
import MartletRuntime

/// One kernel of a plan, under the name that profiles give it.
package struct PlanKernel: Sendable {
    /// `matmul.17`: what runs, and the number of its step.
    package let name: String
    package let stepIndex: Int
    /// The layer it came from.
    package let path: String
    /// Independent parts with every extent at its bound; nil for an interpreted routine.
    package let partCount: Int?
    /// The first kernel of the plan with the same code; nil if this is the first.
    package let sameAs: String?
    /// Nil where a plain routine runs the step.
    package let function: LoopFunction?
}

/// How code is written out.
package enum CodeForm: String, Sendable, CaseIterable {
    case loops, llvm, asm
}

/// The code of a plan for one CPU, without running it: for `martlet inspect --emit`.
package struct PlanCode: Sendable {
    /// In the order they run.
    package let kernels: [PlanKernel]
    private let target: CPUTarget

    package init(_ plan: Plan, target: CPUTarget, costs: ProductCosts? = nil) throws {
        self.target = target
        let compiler = StepCompiler(isa: target.isa, plan: plan, costs: costs)
        var kernels: [PlanKernel] = []
        var firstOfCode: [LoopFunction: String] = [:]
        for (index, step) in plan.steps.enumerated() {
            guard let compiled = try compiler.compiled(step) else {
                kernels.append(
                    PlanKernel(
                        name: step.routineName(index: index), stepIndex: index, path: step.path,
                        partCount: nil, sameAs: nil, function: nil))
                continue
            }
            for (name, call) in zip(compiled.kernelNames(stepIndex: index), compiled.calls) {
                let key = call.function.structuralKey
                kernels.append(
                    PlanKernel(
                        name: name, stepIndex: index, path: step.path,
                        partCount: call.function.boundPartCount, sameAs: firstOfCode[key],
                        function: call.function))
                if firstOfCode[key] == nil { firstOfCode[key] = name }
            }
        }
        self.kernels = kernels
    }

    /// - Throws: `CodegenError` that lists the names most like the one asked for.
    package func kernel(named name: String) throws -> PlanKernel {
        if let found = kernels.first(where: { $0.name == name }) { return found }
        let near = NearNames.sorted(kernels.map(\.name), by: name).prefix(5)
        throw CodegenError(
            "there is no kernel \"\(name)\" in this plan; the nearest names are "
                + near.joined(separator: ", "))
    }

    /// The code of kernels, each code once.
    ///
    /// - Throws: `CodegenError` where a kernel has none.
    package func text(_ form: CodeForm, of kernels: [PlanKernel]) throws -> String {
        var functions: [LoopFunction] = []
        for kernel in kernels {
            guard var function = kernel.function else {
                throw CodegenError(
                    "\(kernel.name) is a plain routine of the interpreted plan: it has no "
                        + "generated code")
            }
            function.name = kernel.name
            functions.append(function)
        }
        switch form {
        case .loops: return functions.map(\.description).joined(separator: "\n")
        case .llvm, .asm:
            #if LLVM
                let emitter = CodeEmitter(target: target)
                return form == .llvm
                    ? try emitter.llvmText(functions) : try emitter.assembly(functions)
            #else
                throw BackendUnavailable()
            #endif
        }
    }
}

extension PlanCode {
    /// - Parameter cpu: as `PlanExecutor` takes it; it need not run here.
    package init(_ plan: Plan, cpu: String?) throws {
        #if LLVM
            let target = try CPUTarget.named(cpu ?? "native")
            try self.init(plan, target: target, costs: ProductCostsFile.trusted(target))
        #else
            throw BackendUnavailable()
        #endif
    }

    /// Kernels with generated code, each code once.
    package var distinctKernels: [PlanKernel] {
        kernels.filter { $0.function != nil && $0.sameAs == nil }
    }
}

extension LoopFunction {
    /// Parts with every extent at its bound.
    fileprivate var boundPartCount: Int {
        partAxes.reduce(1) { $0 * (($1.extent.bound + $1.blockSize - 1) / $1.blockSize) }
    }
}
