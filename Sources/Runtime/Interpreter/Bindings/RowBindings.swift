import MartletIR

/// Rows and columns of a tensor whose last axes are worked on together.
struct RowExtents {
    var rows: Int
    var columns: Int

    /// - Parameter columnAxes: how many of the last axes make up a row.
    init(_ shape: [Int], columnAxes: Int = 1) {
        columns = shape.suffix(columnAxes).reduce(1, *)
        rows = shape.dropLast(columnAxes).reduce(1, *)
    }

    var partition: Partition { .rows(rows, columns: columns) }
}

extension Partition {
    /// One phase that runs `body` on each part's range.
    func phase(_ body: @escaping (_ range: Range<Int>, _ worker: Int) -> Void) -> Phase {
        Phase(partCount: count) { part, worker in body(range(part), worker) }
    }
}

/// The dropout mask of an op, whose seed and step are read at each run.
struct DropoutSource {
    private let rate: Double
    private let stream: UInt64
    private let rowStride: Int
    private let rowOffset: Int
    private let rowIndices: UnsafePointer<Int32>?
    private let seed: UnsafeMutablePointer<Int64>
    private let step: UnsafeMutablePointer<Int64>

    init?(
        rate: Double, stream: Int, rows: RandomRows, seed: PlanValue?, step: PlanValue?,
        rowIndices: PlanValue? = nil, _ context: BindingContext
    ) {
        guard rate > 0, let seed, let step else { return nil }
        self.rate = rate
        self.stream = UInt64(stream)
        rowStride = rows.stride.evaluated { context.extents($0) } ?? 1
        rowOffset = rows.offset
        self.rowIndices = rowIndices.map { UnsafePointer(context.pointer($0)) }
        self.seed = context.pointer(seed)
        self.step = context.pointer(step)
    }

    var mask: DropoutMask {
        DropoutMask(
            rate: rate, seed: UInt64(bitPattern: seed.pointee), stream: stream,
            step: UInt64(bitPattern: step.pointee), rowStride: rowStride, rowOffset: rowOffset,
            rowIndices: rowIndices)
    }
}

/// Kernels that work row by row.
enum RowBindings {
    static func softmax(_ step: PlanStep, _ context: BindingContext, isLog: Bool) -> [Phase] {
        guard let result = step.results[0] else { return [] }
        let extents = RowExtents(context.shape(result))
        let (x, y) = (context.floats(step.operands[0]), context.floats(result))
        let columns = extents.columns
        return [
            extents.partition.phase { rows, _ in
                let start = rows.lowerBound * columns
                if isLog {
                    SoftmaxKernel.logSoftmax(
                        x: x + start, y: y + start, rows: rows.count, columns: columns)
                } else {
                    SoftmaxKernel.softmax(
                        x: x + start, y: y + start, rows: rows.count, columns: columns)
                }
            }
        ]
    }

    static func dropout(_ op: Dropout, _ step: PlanStep, _ context: BindingContext) -> [Phase]? {
        guard let result = step.results[0],
            let source = DropoutSource(
                rate: op.rate, stream: op.stream, rows: op.rows, seed: step.operands[1],
                step: step.operands[2],
                rowIndices: op.rows.isIndexed ? step.operands[3] : nil, context)
        else { return nil }
        let extents = RowExtents(context.shape(result))
        let (x, y) = (context.floats(step.operands[0]), context.floats(result))
        let columns = extents.columns
        return [
            extents.partition.phase { rows, _ in
                let start = rows.lowerBound * columns
                DropoutKernel.apply(
                    source.mask, firstRow: rows.lowerBound, rows: rows.count, columns: columns,
                    x: x + start, y: y + start)
            }
        ]
    }

    static func biasActivation(
        _ op: BiasActivation, _ step: PlanStep, _ context: BindingContext
    ) -> [Phase] {
        guard let result = step.results[0] else { return [] }
        let extents = RowExtents(
            context.shape(result), columnAxes: step.operands[1].type.rank)
        let (x, y) = (context.floats(step.operands[0]), context.floats(result))
        let bias = context.floats(step.operands[1])
        let columns = extents.columns
        return [
            extents.partition.phase { rows, _ in
                let start = rows.lowerBound * columns
                ActivationKernel.forward(
                    op.activation, x: x + start, bias: bias, y: y + start, rows: rows.count,
                    columns: columns)
            }
        ]
    }

    static func biasActivationGradient(
        _ op: BiasActivationGradient, _ step: PlanStep, _ context: BindingContext
    ) -> [Phase] {
        guard let result = step.results[0] else { return [] }
        let bias = step.operands.count > 2 ? step.operands[2] : nil
        let extents = RowExtents(context.shape(result), columnAxes: bias?.type.rank ?? 1)
        let dy = context.floats(step.operands[0])
        let saved = context.floats(step.operands[1])
        let (dx, columns) = (context.floats(result), extents.columns)
        let biasPointer = bias.map { context.floats($0) }
        return [
            extents.partition.phase { rows, _ in
                let start = rows.lowerBound * columns
                ActivationKernel.backward(
                    op.activation, dy: dy + start, saved: saved + start,
                    bias: biasPointer.map { UnsafePointer($0) }, dx: dx + start, rows: rows.count,
                    columns: columns)
            }
        ]
    }
}
