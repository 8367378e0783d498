/// Batched matrix products `c = alpha · op(a) · op(b) + beta · c`, cut into parts by shape.
///
/// Each part is a tile of rows and columns of one product, or a few whole small products. A long
/// inner extent over a small result (a weight's gradient over many tokens) is instead cut into
/// fixed chunks with a partial result each, which `combine` adds up in a fixed tree.
package struct MatmulKernel: Sendable {
    /// A row-major matrix: elements from one row to the next and from one product to the next.
    package struct Layout: Sendable {
        package var stride: Int
        package var batchStride: Int
        /// Whether the product takes the matrix's transpose.
        package var isTransposed: Bool

        package init(stride: Int, batchStride: Int = 0, isTransposed: Bool = false) {
            self.stride = stride
            self.batchStride = batchStride
            self.isTransposed = isTransposed
        }
    }

    package let batch: Int
    package let rows: Int
    package let columns: Int
    package let inner: Int
    package let a: Layout
    package let b: Layout
    /// Not transposed.
    package let c: Layout
    package let alpha: Float
    package let beta: Float
    let batchParts: Partition
    let rowParts: Partition
    let columnParts: Partition
    let innerParts: Partition

    /// `op(a)` is [rows, inner], `op(b)` is [inner, columns], for each of `batch` products.
    ///
    /// - Parameter mayChunk: whether a long inner extent may be cut, which needs scratch.
    package init(
        batch: Int = 1, rows: Int, columns: Int, inner: Int, a: Layout, b: Layout, c: Layout,
        alpha: Float = 1, beta: Float = 0, mayChunk: Bool = true
    ) {
        self.batch = batch
        self.rows = rows
        self.columns = columns
        self.inner = inner
        self.a = a
        self.b = b
        self.c = c
        self.alpha = alpha
        self.beta = beta
        let work = Double(max(rows, 0)) * Double(max(columns, 0)) * Double(max(inner, 1))
        let isLong = mayChunk && batch == 1 && inner >= 2048 && rows * columns <= 65536
        innerParts = Partition(
            extent: inner,
            size: isLong ? max(1024, ((inner + 15) / 16 + 15) & ~15) : max(inner, 1))
        let tiles = MatmulKernel.tiles(
            rows: rows, columns: columns, work: isLong ? 0 : work)
        rowParts = Partition(extent: rows, size: tiles.rows)
        columnParts = Partition(extent: columns, size: tiles.columns)
        let single = rowParts.count <= 1 && columnParts.count <= 1
        let together = single ? Int(max(1, 1e6 / max(work, 1))) : 1
        batchParts = Partition(extent: batch, size: min(max(batch, 1), together))
    }

    /// The tile's extents: rows enough for OpenBLAS's packing of b to pay, then columns if rows
    /// alone give too few parts.
    private static func tiles(
        rows: Int, columns: Int, work: Double
    ) -> (rows: Int, columns: Int) {
        guard work > 1e6 else { return (max(rows, 1), max(columns, 1)) }
        let byWork = Int(4e6 / (work / Double(rows)))
        let tileRows = min(max((byWork + 15) & ~15, 128), 512)
        let rowCount = (rows + tileRows - 1) / tileRows
        guard rowCount < 8 else { return (tileRows, columns) }
        let wanted = (8 + rowCount - 1) / rowCount
        let tileColumns = max(64, ((columns + wanted - 1) / wanted + 63) & ~63)
        return (tileRows, min(tileColumns, columns))
    }

    /// Whether partial results go to scratch and `combine` must follow the parts.
    package var isChunked: Bool { innerParts.count > 1 }

    package var partCount: Int {
        guard rows > 0, columns > 0 else { return 0 }
        return isChunked
            ? innerParts.count : batchParts.count * rowParts.count * columnParts.count
    }

    /// Bytes of scratch shared by all parts and `combine`; 0 unless chunked.
    package var scratchByteCount: Int {
        isChunked ? innerParts.count * rows * columns * MemoryLayout<Float>.stride : 0
    }

    /// The tile of `c` that a part writes, for work to be done on it while it is in cache; a
    /// chunked product has none.
    package func tile(_ part: Int) -> (batch: Range<Int>, rows: Range<Int>, columns: Range<Int>) {
        let column = part % max(columnParts.count, 1)
        let rest = part / max(columnParts.count, 1)
        return (
            batchParts.range(rest / max(rowParts.count, 1)),
            rowParts.range(rest % max(rowParts.count, 1)), columnParts.range(column)
        )
    }

    /// One part; parts may run in any order and beside one another.
    package func run(
        part: Int, _ aBase: UnsafePointer<Float>, _ bBase: UnsafePointer<Float>,
        into cBase: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>?
    ) {
        if isChunked {
            guard let scratch else { return }
            let range = innerParts.range(part)
            BLAS.product(
                rows: rows, columns: columns, inner: range.count, alpha: alpha,
                aBase + range.lowerBound * (a.isTransposed ? a.stride : 1), stride: a.stride,
                transposeA: a.isTransposed,
                bBase + range.lowerBound * (b.isTransposed ? 1 : b.stride), stride: b.stride,
                transposeB: b.isTransposed, into: scratch + part * rows * columns,
                stride: columns)
            return
        }
        let tile = tile(part)
        let (row, column) = (tile.rows.lowerBound, tile.columns.lowerBound)
        for product in tile.batch {
            BLAS.product(
                rows: tile.rows.count, columns: tile.columns.count, inner: inner, alpha: alpha,
                aBase + (product * a.batchStride + row * (a.isTransposed ? 1 : a.stride)),
                stride: a.stride, transposeA: a.isTransposed,
                bBase + (product * b.batchStride + column * (b.isTransposed ? b.stride : 1)),
                stride: b.stride, transposeB: b.isTransposed, beta: beta,
                into: cBase + (product * c.batchStride + row * c.stride + column),
                stride: c.stride)
        }
    }

    /// Parts of `combine`: rows of the result.
    package var combineParts: Partition {
        isChunked
            ? Partition.rows(rows, columns: columns * innerParts.count)
            : Partition(extent: 0, size: 1)
    }

    /// Adds the chunks' partial results into the rows of one part of `combineParts`.
    package func combine(
        part: Int, scratch: UnsafeMutablePointer<Float>, into cBase: UnsafeMutablePointer<Float>
    ) {
        let range = combineParts.range(part)
        TreeSum.reduce(
            scratch, count: innerParts.count, stride: rows * columns,
            range: range.lowerBound * columns..<range.upperBound * columns)
        for row in range {
            let (sum, line) = (scratch + row * columns, cBase + row * c.stride)
            let beta = beta
            if beta == 0 {
                line.update(from: sum, count: columns)
            } else {
                mapRange(sum, line, line, columns) { $0 + $1 * beta }
            }
        }
    }
}
