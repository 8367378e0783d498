import MartletIR

/// Ops that only move elements, of any type.
enum MovementBindings {
    static func transpose(
        _ op: Transpose, _ step: PlanStep, _ context: BindingContext
    ) -> [Phase] {
        guard let result = step.results[0] else { return [] }
        let extents = context.shape(result)
        let strides = rowMajorStrides(context.shape(step.operands[0]))
        let copy = StridedCopy(
            result.type.dtype, extents: extents, source: op.permutation.map { strides[$0] },
            destination: rowMajorStrides(extents))
        return [phase(copy, context.raw(step.operands[0]), context.raw(result))]
    }

    static func slice(
        _ op: Slice, _ step: PlanStep, _ context: BindingContext
    ) throws -> [Phase] {
        guard let result = step.results[0] else { return [] }
        try op.requireElements(of: context.shape(step.operands[0]))
        let extents = context.shape(result)
        let strides = rowMajorStrides(context.shape(step.operands[0]))
        let start = zip(op.starts, strides).reduce(0) { $0 + $1.0 * $1.1 }
        let copy = StridedCopy(
            result.type.dtype, extents: extents, source: zip(strides, op.strides).map { $0 * $1 },
            destination: rowMajorStrides(extents))
        let base = context.raw(step.operands[0]) + start * result.type.dtype.byteCount
        return [phase(copy, base, context.raw(result))]
    }

    static func concatenate(
        _ op: Concatenate, _ step: PlanStep, _ context: BindingContext
    ) -> [Phase] {
        guard let result = step.results[0] else { return [] }
        let strides = rowMajorStrides(context.shape(result))
        var start = 0
        return step.operands.map { operand in
            let extents = context.shape(operand)
            let copy = StridedCopy(
                result.type.dtype, extents: extents, source: rowMajorStrides(extents),
                destination: strides)
            let target =
                context.raw(result) + start * strides[op.axis] * result.type.dtype.byteCount
            start += extents[op.axis]
            return phase(copy, context.raw(operand), target)
        }
    }

    static func pad(_ op: Pad, _ step: PlanStep, _ context: BindingContext) -> [Phase] {
        guard let result = step.results[0] else { return [] }
        let dtype = result.type.dtype
        let extents = context.shape(step.operands[0])
        let strides = rowMajorStrides(context.shape(result))
        let start = zip(op.low, strides).reduce(0) { $0 + $1.0 * $1.1 }
        let copy = StridedCopy(
            dtype, extents: extents, source: rowMajorStrides(extents),
            destination: zip(strides, op.interior).map { $0 * ($1 + 1) })
        let (value, target) = (context.raw(step.operands[1]), context.raw(result))
        return [
            Partition.elements(context.elementCount(result)).phase { range, _ in
                FillKernel.fill(
                    dtype, with: value, target + range.lowerBound * dtype.byteCount,
                    count: range.count)
            },
            phase(copy, context.raw(step.operands[0]), target + start * dtype.byteCount),
        ]
    }

    static func argMax(_ op: ArgMax, _ step: PlanStep, _ context: BindingContext) -> [Phase] {
        guard let result = step.results[0] else { return [] }
        let operand = step.operands[0]
        let shape = context.shape(operand)
        let extent = shape[op.axis]
        let inner = shape[(op.axis + 1)...].reduce(1, *)
        let x = context.raw(operand)
        let out = context.pointer(result, as: Int32.self)
        let rows = Partition.rows(shape[..<op.axis].reduce(1, *), columns: extent * inner)
        return [
            rows.phase { rows, _ in
                ArgMaxKernel.argMax(
                    operand.type.dtype, x, extent: extent, inner: inner, rows: rows, out: out)
            }
        ]
    }

    private static func phase(
        _ copy: StridedCopy, _ from: UnsafeMutableRawPointer, _ to: UnsafeMutableRawPointer
    ) -> Phase {
        Phase(partCount: copy.partCount) { part, _ in copy.run(part: part, from, to) }
    }

    private static func rowMajorStrides(_ extents: [Int]) -> [Int] {
        var strides = [Int](repeating: 1, count: extents.count)
        for axis in extents.indices.dropLast().reversed() {
            strides[axis] = strides[axis + 1] * extents[axis + 1]
        }
        return strides
    }
}
