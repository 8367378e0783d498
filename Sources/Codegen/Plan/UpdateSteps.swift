import MartletIR
import MartletRuntime

/// Optimizer updates, where weights and state are written in place.
extension StepCompiler {
    func compile(_ op: AdamUpdate, _ step: PlanStep) throws -> CompiledStep {
        try sweep(
            AdamFormula(
                beta1: Float(op.beta1), beta2: Float(op.beta2), hasSquares: op.hasSquares,
                hasScale: op.hasScale, hasDecay: op.hasDecay),
            step)
    }

    func compile(_ op: SGDUpdate, _ step: PlanStep) throws -> CompiledStep {
        try sweep(
            GradientDescentFormula(
                momentum: Float(op.momentum), isNesterov: op.isNesterov, hasDecay: op.hasDecay),
            step)
    }

    private func sweep(
        _ formula: some OptimizerFormula, _ step: PlanStep
    ) throws -> CompiledStep {
        guard step.isUpdateInPlace(formula.updatedOperands) else { throw NoKernel() }
        let type = step.operands[0].type
        let count = try type.shape.fixedProduct(ofLast: type.rank)
        let values = step.operands + formula.updatedOperands.map { step.operands[$0] }
        return CompiledStep([
            KernelCall(
                try formula.sweep(count: .constant(count)).lower(to: isa),
                values.map { .value($0) })
        ])
    }

    func compile(_ op: EmbeddingAdamUpdate, _ step: PlanStep) throws -> CompiledStep {
        let (table, ids) = (step.operands[0].type.shape, step.operands[1].type)
        guard step.isUpdateInPlace([0, 3, 4]), ids.dtype == .i32,
            let rowCount = table[0].fixed, let width = table[1].fixed, rowCount > 0, width > 0,
            let idCount = ids.shape.elementCount.bound,
            LookupOrder.isNumbered(rowCount: rowCount, idCount: idCount)
        else { throw NoKernel() }
        let kernel = EmbeddingUpdate(
            rowCount: rowCount, width: width,
            formula: AdamFormula(
                beta1: Float(op.beta1), beta2: Float(op.beta2),
                hasSquares: op.countsLookupsApart, hasDecay: op.hasDecay))
        let order: [KernelCall.Buffer] = [
            .scratch(byteOffset: 0),
            .scratch(byteOffset: LookupOrder.positionsByteOffset(rowCount: rowCount)),
        ]
        let values = [2, 0, 3, 4] + Array(step.operands.indices.dropFirst(5))
        var compiled = CompiledStep([
            KernelCall(
                try kernel.lower(to: isa), order + values.map { .value(step.operands[$0]) })
        ])
        compiled.sharedScratchByteCount = LookupOrder.byteCount(
            rowCount: rowCount, idCount: idCount)
        compiled.prologue = { context in
            LookupOrder(step, context).map { [$0.phase] } ?? []
        }
        return compiled
    }
}
