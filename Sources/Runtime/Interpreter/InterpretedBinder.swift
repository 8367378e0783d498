import MartletIR

/// The interpreted backend: each step is a plain Swift or OpenBLAS routine.
///
/// The oracle of compiled code, and the backend where LLVM is missing. What has no routine of its
/// own runs by the reference kernel.
struct InterpretedBinder: StepBinder {
    func bind(_ step: PlanStep, _ context: BindingContext) throws -> [Phase] {
        switch step.work {
        case .cluster(let cluster): return ClusterKernel.bind(cluster, step, context)
        case .copy: return copy(step, context)
        case .op(let op): return try bind(op, step, context)
        }
    }

    private func bind(_ op: Op, _ step: PlanStep, _ context: BindingContext) throws -> [Phase] {
        try ReferenceStep.bind(op, step, context)
    }

    private func copy(_ step: PlanStep, _ context: BindingContext) -> [Phase] {
        guard let result = step.results[0] else { return [] }
        let byteCount = context.elementCount(result) * result.type.dtype.byteCount
        let (from, to) = (context.raw(step.operands[0]), context.raw(result))
        return [
            Phase(partCount: 1) { _, _ in
                to.copyMemory(from: from, byteCount: byteCount)
            }
        ]
    }
}
