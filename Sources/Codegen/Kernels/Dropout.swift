/// Dropout of a `[rows, columns]` tensor by the element rule of `DropoutMask`. The same kernel takes
/// the gradient back.
package struct Dropout: Hashable, Sendable {
    package var rows: Extent
    package var columns: Int
    package var rate: Double
    /// Whether the rows are some of a larger tensor's; adds the scalar arguments `rowStride` and
    /// `rowOffset`.
    package var hasSelectedRows: Bool
    /// Whether the buffer `rowIndices` says which they are.
    package var hasRowIndices = false

    package init(rows: Extent, columns: Int, rate: Double, hasSelectedRows: Bool = false) {
        self.rows = rows
        self.columns = columns
        self.rate = rate
        self.hasSelectedRows = hasSelectedRows
    }

    /// Kernel. Buffers: `input`, `output` (may be the same), `rowIndices` (int32) if there are. Scalar arguments: `seed`, `stream`,
    /// `step`, and `firstRow`, the number of row 0 in the whole tensor.
    package func lower(to isa: VectorISA, name: String = "dropout") throws -> LoopFunction {
        let k = LoopBuilder(name)
        let (input, output) = (k.input("input"), k.output("output"))
        let rowIndices = hasRowIndices ? k.input("rowIndices", .int32) : nil
        let kernel = RowKernel(k, isa: isa, rows: rows, columns: columns)
        let dropout = RowDropout(
            rate: rate, isSelected: hasSelectedRows, rowIndices: rowIndices, rows: kernel,
            isa: isa)
        kernel.forEachRow(dropout) { row, factors in
            kernel.forEachVector { offset, mask in
                let place = row * columns + offset
                var value = (input + place).load(lanes: isa.lanes, mask: mask)
                if let factors { value = value * (factors + offset).load(lanes: isa.lanes) }
                (output + place).store(value, mask: mask)
            }
        }
        return try k.finish()
    }
}
