import MartletIR
import MartletRuntime

/// Softmax over the last axis, alone and with the cross-entropy of integer labels.
extension StepCompiler {
    func compile(_ op: MartletIR.Softmax, _ step: PlanStep) throws -> CompiledStep {
        let output = try result(step)
        guard op.axis == output.type.rank - 1 else { throw NoKernel() }
        var parameters: [String: KernelCall.Parameter] = [:]
        let (rows, columns) = try rowExtents(output, &parameters)
        let kernel = Softmax(rows: rows, columns: columns)
        return CompiledStep([
            KernelCall(
                try kernel.lowerForward(to: isa),
                [.value(step.operands[0]), .value(output)], parameters: parameters)
        ])
    }

    func compileCrossEntropy(_ step: PlanStep) throws -> CompiledStep {
        let loss = try result(step)
        var parameters: [String: KernelCall.Parameter] = [:]
        let kernel = try crossEntropy(step, &parameters)
        let function = try kernel.lowerForward(to: isa, keepsLogSumExp: step.results[1] != nil)
        let values = step.operands + [loss] + [step.results[1]].compactMap { $0 }
        var compiled = CompiledStep([
            KernelCall(function, values.map { .value($0) }, parameters: parameters)
        ])
        compiled.prologue = { IndexCheck.labels(step, $0) }
        return compiled
    }

    /// The labels have been checked on the way forward.
    func compileCrossEntropyGradient(_ step: PlanStep) throws -> CompiledStep {
        let values = step.operands + [try result(step)]
        var parameters: [String: KernelCall.Parameter] = [:]
        let kernel = try crossEntropy(step, &parameters)
        return CompiledStep([
            KernelCall(
                try kernel.lowerBackward(to: isa), values.map { .value($0) },
                parameters: parameters)
        ])
    }

    private func crossEntropy(
        _ step: PlanStep, _ parameters: inout [String: KernelCall.Parameter]
    ) throws -> SparseCrossEntropy {
        guard step.operands[1].type.dtype == .i32 else { throw NoKernel() }
        let (rows, classCount) = try rowExtents(step.operands[0], &parameters)
        return SparseCrossEntropy(rows: rows, classes: classCount)
    }

    /// Of a value whose last axis is a row, with at least one element.
    private func rowExtents(
        _ value: PlanValue, _ parameters: inout [String: KernelCall.Parameter]
    ) throws -> (rows: Extent, columns: Int) {
        let shape = value.type.shape
        let columns = try shape.fixedProduct(ofLast: min(1, shape.rank))
        guard columns > 0 else { throw NoKernel() }
        return (try shape.product(dropping: 1).extent(named: "rows", &parameters), columns)
    }
}
