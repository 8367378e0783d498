import MartletIR
import MartletRuntime

extension StepCompiler {
    /// Rows by id, after the check that every id is a row.
    func compileLookup(_ step: PlanStep) throws -> CompiledStep {
        let (table, ids) = (step.operands[0].type.shape, step.operands[1].type)
        guard ids.dtype == .i32, table.rank == 2, let rowCount = table[0].fixed,
            let width = table[1].fixed, rowCount > 0, width > 0
        else { throw NoKernel() }
        var parameters: [String: KernelCall.Parameter] = [:]
        let rows = try ids.shape.elementCount.extent(named: "rows", &parameters)
        let kernel = Embedding(rows: rows, dimension: width, vocabularySize: rowCount)
        var compiled = CompiledStep([
            KernelCall(
                try kernel.lowerForward(to: isa),
                [.value(step.operands[1]), .value(step.operands[0]), .value(try result(step))],
                parameters: parameters)
        ])
        compiled.prologue = { IndexCheck.ids(step, $0) }
        return compiled
    }

    func compile(_ op: EmbeddingGradient, _ step: PlanStep) throws -> CompiledStep {
        let ids = step.operands[0].type
        let output = try result(step)
        guard ids.dtype == .i32, let width = output.type.shape[1].fixed, op.rowCount > 0, width > 0
        else { throw NoKernel() }
        var parameters: [String: KernelCall.Parameter] = [:]
        let rows = try ids.shape.elementCount.extent(named: "rows", &parameters)
        let kernel = Embedding(rows: rows, dimension: width, vocabularySize: op.rowCount)
        return CompiledStep([
            KernelCall(
                try kernel.lowerBackward(to: isa),
                [.value(step.operands[0]), .value(step.operands[1]), .value(output)],
                parameters: parameters)
        ])
    }
}
