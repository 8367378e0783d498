import MartletIR

enum LayerNormBinding {
    static func forward(_ op: LayerNorm, _ step: PlanStep, _ context: BindingContext) -> [Phase]? {
        guard let y = step.results[0].map({ context.floats($0) }) else { return nil }
        let operand = op.layout(step.operands)
        let extents = RowExtents(context.shape(operand.x))
        let columns = extents.columns
        let x = context.floats(operand.x)
        let residual = operand.residual.map { context.floats($0) }
        let scale = operand.scale.map { context.floats($0) }
        let offset = operand.offset.map { context.floats($0) }
        let mean = step.results[1].map { context.floats($0) }
        let rstd = step.results[2].map { context.floats($0) }
        let sum = op.hasResidual ? step.results[3].map { context.floats($0) } : nil
        let dropout = DropoutSource(
            rate: op.rate, stream: op.stream, rows: op.rows, seed: operand.seed,
            step: operand.step, rowIndices: operand.rowIndices, context)
        return [
            extents.partition.phase { rows, _ in
                let (first, start) = (rows.lowerBound, rows.lowerBound * columns)
                LayerNormKernel.forward(
                    LayerNormKernel.Operands(
                        x: x + start, residual: residual.map { UnsafePointer($0 + start) },
                        dropout: dropout?.mask, firstRow: first,
                        scale: scale.map { UnsafePointer($0) },
                        offset: offset.map { UnsafePointer($0) }, epsilon: Float(op.epsilon)),
                    LayerNormKernel.Results(
                        y: y + start, sum: sum.map { $0 + start }, mean: mean.map { $0 + first },
                        rstd: rstd.map { $0 + first }),
                    rows: rows.count, columns: columns)
            }
        ]
    }

    /// Two phases: rows with partial sums for each part, then the sums in a fixed tree.
    static func backward(
        _ op: LayerNormGradient, _ step: PlanStep, _ context: BindingContext
    ) -> [Phase]? {
        guard let dsum = step.results[0].map({ context.floats($0) }) else { return nil }
        let extents = RowExtents(context.shape(step.operands[1]))
        let columns = extents.columns
        let partition = Partition.reducedRows(extents.rows, columns: columns)
        let parts = partition.count
        let pointers = step.operands.map { context.floats($0) }
        var parameters = step.results.dropFirst()
        let dscale = op.hasScale ? parameters.popFirst()?.map { context.floats($0) } : nil
        let doffset = op.hasOffset ? parameters.popFirst()?.map { context.floats($0) } : nil
        let scratch = context.scratch
        scratch.reserveShared(byteCount: 2 * parts * columns * MemoryLayout<Float>.stride)
        let rowPhase = partition.phase { rows, _ in
            let (first, start) = (rows.lowerBound, rows.lowerBound * columns)
            let partials = scratch.sharedBase.assumingMemoryBound(to: Float.self)
            let part = first / partition.size
            LayerNormKernel.backward(
                LayerNormKernel.Saved(
                    sum: pointers[1] + start, mean: pointers[2] + first,
                    rstd: pointers[3] + first, scale: op.hasScale ? pointers[4] : nil),
                dy: pointers[0] + start, dh: dsum + start, rows: rows.count, columns: columns,
                scalePartial: dscale == nil ? nil : partials + part * columns,
                offsetPartial: doffset == nil ? nil : partials + (parts + part) * columns)
        }
        let sums = Phase(partCount: 2) { which, _ in
            let partials = scratch.sharedBase.assumingMemoryBound(to: Float.self)
            guard let target = which == 0 ? dscale : doffset else { return }
            TreeSum.combine(
                partials + which * parts * columns, count: parts, stride: columns,
                range: 0..<columns, into: target)
        }
        return [rowPhase, sums]
    }
}
