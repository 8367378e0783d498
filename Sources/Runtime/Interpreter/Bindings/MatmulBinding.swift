import MartletIR

/// `dot_general` as matrix products on OpenBLAS, where the axes can be seen as
/// `[batch][rows][columns]` without moving data.
enum MatmulBinding {
    static func bind(_ op: DotGeneral, _ step: PlanStep, _ context: BindingContext) -> [Phase]? {
        guard let result = step.results[0] else { return [] }
        let (left, right) = (context.shape(step.operands[0]), context.shape(step.operands[1]))
        guard result.type.dtype == .f32,
            let a = MatrixView(
                left, batch: op.leftBatch, rows: op.leftFree(rank: left.count),
                columns: op.leftContracting),
            let b = MatrixView(
                right, batch: op.rightBatch, rows: op.rightContracting,
                columns: op.rightFree(rank: right.count))
        else { return nil }
        // Chunks need scratch, of which there is one for all: a batch of products runs unchunked.
        let batchCount = a.batchOffsets.count
        let kernel = MatmulKernel(
            rows: a.rows, columns: b.columns, inner: a.columns, a: a.layout, b: b.layout,
            c: MatmulKernel.Layout(stride: b.columns), mayChunk: batchCount == 1)
        var roundings: [Phase] = []
        var (aPlace, bPlace) = (
            OperandPlace.tensor(context.floats(step.operands[0])),
            OperandPlace.tensor(context.floats(step.operands[1]))
        )
        if op.operandPrecision == .bf16 {
            let counts = (left.reduce(1, *), right.reduce(1, *))
            let start = kernel.scratchByteCount / MemoryLayout<Float>.stride
            let scratch = context.scratch
            scratch.reserveShared(
                byteCount: (start + counts.0 + counts.1) * MemoryLayout<Float>.stride)
            let copies = (
                OperandPlace.scratch(scratch, offset: start),
                OperandPlace.scratch(scratch, offset: start + counts.0)
            )
            roundings = [
                rounding(aPlace, count: counts.0, to: copies.0),
                rounding(bPlace, count: counts.1, to: copies.1),
            ]
            (aPlace, bPlace) = copies
        }
        let (a0, b0) = (aPlace, bPlace)
        let (cBase, size) = (context.floats(result), a.rows * b.columns)
        guard kernel.isChunked else {
            let parts = kernel.partCount
            return roundings + [
                Phase(partCount: batchCount * parts) { part, _ in
                    let batch = part / parts
                    kernel.run(
                        part: part % parts, a0.base + a.batchOffsets[batch],
                        b0.base + b.batchOffsets[batch], into: cBase + batch * size,
                        scratch: nil)
                }
            ]
        }
        return roundings + chunked(kernel, a0, b0, cBase, context.scratch)
    }

    /// A copy rounded to bfloat16: products of such numbers are exact in float32.
    private static func rounding(
        _ source: OperandPlace, count: Int, to target: OperandPlace
    ) -> Phase {
        let parts = Partition.elements(count)
        return Phase(partCount: parts.count) { part, _ in
            let (x, y) = (source.base, target.base)
            for index in parts.range(part) { y[index] = BFloat16(x[index]).float }
        }
    }

    /// The products of the chunks, then their sum in a fixed tree.
    private static func chunked(
        _ kernel: MatmulKernel, _ a: OperandPlace, _ b: OperandPlace,
        _ c: UnsafeMutablePointer<Float>, _ scratch: Scratch
    ) -> [Phase] {
        scratch.reserveShared(byteCount: kernel.scratchByteCount)
        return [
            Phase(partCount: kernel.partCount) { part, _ in
                kernel.run(
                    part: part, a.base, b.base, into: c,
                    scratch: scratch.sharedBase.assumingMemoryBound(to: Float.self))
            },
            Phase(partCount: kernel.combineParts.count) { part, _ in
                kernel.combine(
                    part: part,
                    scratch: scratch.sharedBase.assumingMemoryBound(to: Float.self), into: c)
            },
        ]
    }
}

/// Where an operand lies: scratch has an address only once all steps are bound.
private enum OperandPlace {
    case tensor(UnsafeMutablePointer<Float>)
    /// Elements from the start of the shared scratch.
    case scratch(Scratch, offset: Int)

    var base: UnsafeMutablePointer<Float> {
        switch self {
        case .tensor(let base): base
        case .scratch(let scratch, let offset):
            scratch.sharedBase.assumingMemoryBound(to: Float.self) + offset
        }
    }
}

/// A tensor seen as matrices: groups of axes merged to rows and columns.
private struct MatrixView {
    let rows, columns: Int
    /// The first element of each batch's matrix.
    let batchOffsets: [Int]
    let layout: MatmulKernel.Layout

    /// Nil where a group's axes do not merge, or neither rows nor columns lie side by side.
    init?(_ shape: [Int], batch: [Int], rows rowAxes: [Int], columns columnAxes: [Int]) {
        var strides = [Int](repeating: 1, count: shape.count)
        for axis in shape.indices.dropLast().reversed() {
            strides[axis] = strides[axis + 1] * shape[axis + 1]
        }
        guard let row = Self.merged(rowAxes, shape, strides),
            let column = Self.merged(columnAxes, shape, strides)
        else { return nil }
        (rows, columns) = (row.extent, column.extent)
        if column.stride == 1 || columns == 1 {
            layout = MatmulKernel.Layout(stride: row.stride)
        } else if row.stride == 1 || rows == 1 {
            layout = MatmulKernel.Layout(stride: column.stride, isTransposed: true)
        } else {
            return nil
        }
        batchOffsets = batch.reduce(into: [0]) { offsets, axis in
            offsets = offsets.flatMap { start in
                (0..<shape[axis]).map { start + $0 * strides[axis] }
            }
        }
    }

    /// The extent and stride of several axes walked as one.
    private static func merged(
        _ axes: [Int], _ shape: [Int], _ strides: [Int]
    ) -> (extent: Int, stride: Int)? {
        let moving = axes.filter { shape[$0] != 1 }
        guard let last = moving.last else { return (1, 1) }
        for (outer, inner) in zip(moving, moving.dropFirst())
        where strides[outer] != strides[inner] * shape[inner] { return nil }
        return (moving.reduce(1) { $0 * shape[$1] }, strides[last])
    }
}
