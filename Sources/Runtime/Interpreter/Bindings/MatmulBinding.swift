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
        let (aBase, bBase) = (context.floats(step.operands[0]), context.floats(step.operands[1]))
        let (cBase, size) = (context.floats(result), a.rows * b.columns)
        guard kernel.isChunked else {
            let parts = kernel.partCount
            return [
                Phase(partCount: batchCount * parts) { part, _ in
                    let batch = part / parts
                    kernel.run(
                        part: part % parts, aBase + a.batchOffsets[batch],
                        bBase + b.batchOffsets[batch], into: cBase + batch * size, scratch: nil)
                }
            ]
        }
        return chunked(kernel, aBase, bBase, cBase, context.scratch)
    }

    /// The products of the chunks, then their sum in a fixed tree.
    private static func chunked(
        _ kernel: MatmulKernel, _ a: UnsafeMutablePointer<Float>,
        _ b: UnsafeMutablePointer<Float>, _ c: UnsafeMutablePointer<Float>, _ scratch: Scratch
    ) -> [Phase] {
        scratch.reserveShared(byteCount: kernel.scratchByteCount)
        return [
            Phase(partCount: kernel.partCount) { part, _ in
                kernel.run(
                    part: part, a, b, into: c,
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
