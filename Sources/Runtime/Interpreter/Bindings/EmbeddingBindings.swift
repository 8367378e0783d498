import MartletIR

/// Lookups by integer ids or labels, with their bounds checks.
enum EmbeddingBindings {
    static func lookup(_ step: PlanStep, _ context: BindingContext) -> [Phase]? {
        switch step.operands[1].type.dtype {
        case .i32: lookup(step, context, as: Int32.self)
        case .i64: lookup(step, context, as: Int64.self)
        default: nil
        }
    }

    private static func lookup<Index: FixedWidthInteger>(
        _ step: PlanStep, _ context: BindingContext, as type: Index.Type
    ) -> [Phase]? {
        guard let result = step.results[0] else { return [] }
        let tableShape = context.shape(step.operands[0])
        let (rowCount, width) = (tableShape[0], tableShape.dropFirst().reduce(1, *))
        let (table, out) = (context.floats(step.operands[0]), context.floats(result))
        let ids = context.pointer(step.operands[1], as: type)
        let (failure, path, label) = (context.failure, step.path, step.label)
        let idCount = context.elementCount(step.operands[1])
        let first = context.firstNumber(
            perEntry: context.shape(step.operands[1]).dropFirst().reduce(1, *))
        let partition = Partition.rows(idCount, columns: width)
        return [
            partition.phase { positions, _ in
                let start = positions.lowerBound
                let offending = EmbeddingKernel.gather(
                    table: table, rowCount: rowCount, width: width, ids: ids + start,
                    count: positions.count, zero: 0, out: out + start * width)
                guard let offending else { return }
                let position = start + offending
                let error = IndexOutOfRange(
                    index: Int(clamping: ids[position]), position: first() + position,
                    rowCount: rowCount)
                failure.record(GraphError(path: path, op: label, message: error.description))
            }
        ]
    }

    static func gradient(_ step: PlanStep, _ context: BindingContext) -> [Phase]? {
        switch step.operands[0].type.dtype {
        case .i32: gradient(step, context, as: Int32.self)
        case .i64: gradient(step, context, as: Int64.self)
        default: nil
        }
    }

    private static func gradient<Index: FixedWidthInteger>(
        _ step: PlanStep, _ context: BindingContext, as type: Index.Type
    ) -> [Phase]? {
        guard let result = step.results[0] else { return [] }
        let tableShape = context.shape(result)
        let width = tableShape[1]
        let ids = context.pointer(step.operands[0], as: type)
        let count = context.elementCount(step.operands[0])
        let (dy, gradient) = (context.floats(step.operands[1]), context.floats(result))
        return [
            EmbeddingKernel.scatterParts(rowCount: tableShape[0]).phase { rows, _ in
                EmbeddingKernel.scatterAdd(
                    dy: dy, ids: ids, count: count, width: width, rows: rows, clears: true,
                    gradient: gradient)
            }
        ]
    }

    static func crossEntropy(_ step: PlanStep, _ context: BindingContext) -> [Phase]? {
        switch step.operands[1].type.dtype {
        case .i32: crossEntropy(step, context, as: Int32.self)
        case .i64: crossEntropy(step, context, as: Int64.self)
        default: nil
        }
    }

    private static func crossEntropy<Label: FixedWidthInteger>(
        _ step: PlanStep, _ context: BindingContext, as type: Label.Type
    ) -> [Phase]? {
        guard let loss = step.results[0].map({ context.floats($0) }) else { return nil }
        let lse = step.results[1].map { context.floats($0) }
        let extents = RowExtents(context.shape(step.operands[0]))
        let columns = extents.columns
        let logits = context.floats(step.operands[0])
        let labels = context.pointer(step.operands[1], as: type)
        let (failure, path, label) = (context.failure, step.path, step.label)
        let firstRow = context.firstNumber(
            perEntry: context.shape(step.operands[1]).dropFirst().reduce(1, *))
        return [
            extents.partition.phase { rows, _ in
                let first = rows.lowerBound
                let offending = SoftmaxKernel.crossEntropy(
                    logits: logits + first * columns, labels: labels + first, loss: loss + first,
                    logSumExp: lse.map { $0 + first }, rows: rows.count, columns: columns)
                guard let offending else { return }
                let row = first + offending
                failure.record(
                    GraphError(
                        path: path, op: label,
                        message: IndexCheck.labelMessage(
                            labels[row], position: firstRow() + row, classCount: columns)))
            }
        ]
    }

    static func crossEntropyGradient(_ step: PlanStep, _ context: BindingContext) -> [Phase]? {
        switch step.operands[1].type.dtype {
        case .i32: crossEntropyGradient(step, context, as: Int32.self)
        case .i64: crossEntropyGradient(step, context, as: Int64.self)
        default: nil
        }
    }

    private static func crossEntropyGradient<Label: FixedWidthInteger>(
        _ step: PlanStep, _ context: BindingContext, as type: Label.Type
    ) -> [Phase]? {
        guard let result = step.results[0] else { return [] }
        let extents = RowExtents(context.shape(result))
        let columns = extents.columns
        let (logits, dlogits) = (context.floats(step.operands[0]), context.floats(result))
        let labels = context.pointer(step.operands[1], as: type)
        let (lse, dloss) = (context.floats(step.operands[2]), context.floats(step.operands[3]))
        return [
            extents.partition.phase { rows, _ in
                let (first, start) = (rows.lowerBound, rows.lowerBound * columns)
                // The forward pass over the same labels has reported those out of range.
                _ = SoftmaxKernel.crossEntropyGradient(
                    logits: logits + start, labels: labels + first, logSumExp: lse + first,
                    lossGradient: dloss + first, dlogits: dlogits + start, rows: rows.count,
                    columns: columns)
            }
        ]
    }
}
