import MartletIR

/// `dot_general` as matrix products on OpenBLAS, where the axes can be seen as
/// `[batch][rows][columns]` without moving data.
enum MatmulBinding {
    static func bind(_ op: DotGeneral, _ step: PlanStep, _ context: BindingContext) -> [Phase]? {
        guard let result = step.results[0] else { return [] }
        let (left, right) = (context.shape(step.operands[0]), context.shape(step.operands[1]))
        guard
            let a = MatrixView(
                left, batch: op.leftBatch, rows: op.leftFree(rank: left.count),
                columns: op.leftContracting),
            let b = MatrixView(
                right, batch: op.rightBatch, rows: op.rightContracting,
                columns: op.rightFree(rank: right.count))
        else { return nil }
        let product = Product(
            a: context.floats(step.operands[0]), b: context.floats(step.operands[1]),
            c: context.floats(result), aView: a, bView: b)
        if product.batchCount == 1, let phases = product.splitInner(context) { return phases }
        return [product.splitRows()]
    }

    private struct Product {
        let a, b, c: UnsafeMutablePointer<Float>
        let aView, bView: MatrixView

        var batchCount: Int { aView.batchOffsets.count }
        var rows: Int { aView.rows }
        var columns: Int { bView.columns }
        var inner: Int { aView.columns }

        /// Parts of whole rows, of about the same work each.
        func splitRows() -> Phase {
            let work = Double(rows) * Double(columns) * Double(inner)
            // OpenBLAS packs the right side in every call: few calls where that is large.
            let most = inner * columns >= 1 << 20 ? 4 : 16
            let wanted = min(max(Int(work / 2e6), 1), most, max(rows, 1))
            let partition = Partition(extent: rows, size: (rows + wanted - 1) / wanted)
            let parts = partition.count
            return Phase(partCount: batchCount * parts) { part, _ in
                let (batch, range) = (part / parts, partition.range(part % parts))
                run(batch: batch, rows: range, inner: 0..<inner, into: nil)
            }
        }

        /// A long contraction (a weight's gradient: every token of the batch) in fixed chunks,
        /// whose products are added in a fixed tree. Nil where rows alone give enough parts.
        func splitInner(_ context: BindingContext) -> [Phase]? {
            let size = rows * columns
            guard inner >= 2048, size <= 1 << 16, size > 0 else { return nil }
            let chunks = Partition(extent: inner, size: max(1024, (inner + 31) / 32))
            let count = chunks.count
            let scratch = context.scratch
            scratch.reserveShared(byteCount: count * size * MemoryLayout<Float>.stride)
            let target = c
            return [
                Phase(partCount: count) { part, _ in
                    let partials = scratch.sharedBase.assumingMemoryBound(to: Float.self)
                    run(
                        batch: 0, rows: 0..<rows, inner: chunks.range(part),
                        into: partials + part * size)
                },
                Partition.elements(size).phase { range, _ in
                    let partials = scratch.sharedBase.assumingMemoryBound(to: Float.self)
                    TreeSum.combine(
                        partials, count: count, stride: size, range: range, into: target)
                },
            ]
        }

        private func run(
            batch: Int, rows range: Range<Int>, inner: Range<Int>,
            into partial: UnsafeMutablePointer<Float>?
        ) {
            let aStart =
                aView.batchOffsets[batch] + range.lowerBound * aView.rowStride
                + inner.lowerBound * aView.columnStride
            let bStart = bView.batchOffsets[batch] + inner.lowerBound * bView.rowStride
            let target = partial ?? c + batch * rows * columns
            BLAS.product(
                rows: range.count, columns: columns, inner: inner.count,
                a + aStart, stride: aView.leading, transposeA: aView.isTransposed,
                b + bStart, stride: bView.leading, transposeB: bView.isTransposed,
                into: target + range.lowerBound * columns, stride: columns)
        }
    }
}

/// A tensor seen as matrices: groups of axes merged to rows and columns.
private struct MatrixView {
    let rows, columns: Int
    let rowStride, columnStride: Int
    /// The first element of each batch's matrix.
    let batchOffsets: [Int]

    /// Nil where a group's axes do not merge, or neither rows nor columns lie side by side.
    init?(_ shape: [Int], batch: [Int], rows rowAxes: [Int], columns columnAxes: [Int]) {
        var strides = [Int](repeating: 1, count: shape.count)
        for axis in shape.indices.dropLast().reversed() {
            strides[axis] = strides[axis + 1] * shape[axis + 1]
        }
        guard let row = Self.merged(rowAxes, shape, strides),
            let column = Self.merged(columnAxes, shape, strides)
        else { return nil }
        (rows, rowStride) = row
        (columns, columnStride) = column
        guard columnStride == 1 || rowStride == 1 || rows <= 1 || columns <= 1 else { return nil }
        var offsets = [0]
        for axis in batch {
            offsets = offsets.flatMap { start in
                (0..<shape[axis]).map { start + $0 * strides[axis] }
            }
        }
        batchOffsets = offsets
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

    /// Whether the columns, not the rows, are the axis to stride over.
    var isTransposed: Bool {
        if columnStride == 1 && (rowStride != 1 || columns > 1) { return false }
        return rows > 1 || columnStride != 1
    }

    /// Elements from one row (or column, if transposed) to the next.
    var leading: Int { isTransposed ? columnStride : rowStride }
}
