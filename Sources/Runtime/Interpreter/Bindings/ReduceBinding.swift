import MartletIR

/// Reductions over neighbouring axes, seen as `[outer, reduced, inner]`.
enum ReduceBinding {
    static func bind(_ op: Reduce, _ step: PlanStep, _ context: BindingContext) -> [Phase]? {
        guard let result = step.results[0] else { return [] }
        let shape = context.shape(step.operands[0])
        guard let first = op.axes.first, let last = op.axes.last, step.operands[0].type.dtype == .f32,
            last - first == op.axes.count - 1
        else { return nil }
        let extents = Extents(
            outer: shape[..<first].reduce(1, *), reduced: shape[first...last].reduce(1, *),
            inner: shape[(last + 1)...].reduce(1, *))
        let (x, y) = (context.floats(step.operands[0]), context.floats(result))
        switch op.kind {
        case .sum: return sum(x, y, extents, context)
        case .max: return extreme(x, y, extents, identity: -.infinity) { $1 > $0 || $1.isNaN }
        case .min: return extreme(x, y, extents, identity: .infinity) { $1 < $0 || $1.isNaN }
        case .product, .and, .or: return nil
        }
    }

    private struct Extents {
        var outer, reduced, inner: Int
    }

    private static func sum(
        _ x: UnsafeMutablePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ extents: Extents,
        _ context: BindingContext
    ) -> [Phase] {
        let (reduced, inner) = (extents.reduced, extents.inner)
        // Many independent sums: each is one thread's from start to end.
        if extents.outer >= 16 || reduced * inner <= 4096 {
            let partition = Partition.rows(extents.outer, columns: reduced * inner)
            return [
                partition.phase { outer, _ in
                    for index in outer {
                        let rows = x + index * reduced * inner
                        if inner == 1 {
                            y[index] = sumRange(rows, reduced) { $0 }
                        } else {
                            ColumnSumKernel.partial(
                                x: rows, rows: reduced, columns: inner, partial: y + index * inner)
                        }
                    }
                }
            ]
        }
        // Few long sums: parts of the rows, then a tree over the parts.
        let partition = Partition.reducedRows(reduced, columns: inner)
        let (parts, outer) = (partition.count, extents.outer)
        let scratch = context.scratch
        scratch.reserveShared(byteCount: outer * parts * inner * MemoryLayout<Float>.stride)
        return [
            Phase(partCount: outer * parts) { part, _ in
                let partials = scratch.sharedBase.assumingMemoryBound(to: Float.self)
                let rows = partition.range(part % parts)
                let start = x + (part / parts * reduced + rows.lowerBound) * inner
                if inner == 1 {
                    partials[part] = sumRange(start, rows.count) { $0 }
                } else {
                    ColumnSumKernel.partial(
                        x: start, rows: rows.count, columns: inner,
                        partial: partials + part * inner)
                }
            },
            Phase(partCount: outer) { index, _ in
                let partials = scratch.sharedBase.assumingMemoryBound(to: Float.self)
                TreeSum.combine(
                    partials + index * parts * inner, count: parts, stride: inner,
                    range: 0..<inner, into: y + index * inner)
            },
        ]
    }

    private static func extreme(
        _ x: UnsafeMutablePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ extents: Extents,
        identity: Float, _ replaces: @escaping (_ best: Float, _ candidate: Float) -> Bool
    ) -> [Phase] {
        let (reduced, inner) = (extents.reduced, extents.inner)
        return [
            Partition.rows(extents.outer, columns: reduced * inner).phase { outer, _ in
                for index in outer {
                    let best = y + index * inner
                    best.update(repeating: identity, count: inner)
                    for row in 0..<reduced {
                        let candidates = x + (index * reduced + row) * inner
                        for column in 0..<inner
                        where !best[column].isNaN && replaces(best[column], candidates[column]) {
                            best[column] = candidates[column]
                        }
                    }
                }
            }
        ]
    }
}
