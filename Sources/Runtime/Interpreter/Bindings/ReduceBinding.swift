import MartletIR

enum ReduceBinding {
    /// Nil for element types no kernel sums.
    static func bind(_ op: Reduce, _ step: PlanStep, _ context: BindingContext) -> [Phase]? {
        guard let result = step.results[0],
            let kernel = ReduceKernel(
                op.kind, result.type.dtype, extents: context.shape(step.operands[0]),
                axes: op.axes)
        else { return nil }
        let (x, y, scratch) = (context.raw(step.operands[0]), context.raw(result), context.scratch)
        scratch.reserveShared(byteCount: kernel.scratchByteCount)
        return [
            Phase(partCount: kernel.partCount) { part, _ in
                kernel.run(part: part, x, into: y, scratch: scratch.sharedBase)
            },
            Phase(partCount: kernel.combineParts.count) { part, _ in
                kernel.combine(part: part, scratch: scratch.sharedBase, into: y)
            },
        ]
    }
}
