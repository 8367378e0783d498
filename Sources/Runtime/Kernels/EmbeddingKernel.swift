/// Rows of a table by token id, and the table's gradient.
package enum EmbeddingKernel {
    /// `out[p, :] = table[ids[p], :]` for `count` positions.
    ///
    /// - Returns: the first position whose id is outside 0 ..< rowCount, or nil; such rows of the
    ///   result are zeros.
    package static func gather<Index: FixedWidthInteger, Element: BitwiseCopyable>(
        table: UnsafePointer<Element>, rowCount: Int, width: Int, ids: UnsafePointer<Index>,
        count: Int, zero: Element, out: UnsafeMutablePointer<Element>
    ) -> Int? {
        var offending: Int?
        for position in 0..<max(count, 0) {
            let row = out + position * width
            if let id = Int(exactly: ids[position]), id >= 0, id < rowCount {
                row.update(from: table + id * width, count: width)
            } else {
                row.update(repeating: zero, count: width)
                if offending == nil { offending = position }
            }
        }
        return offending
    }

    /// `sums[:] = Σ rows[p, :]` over some positions, in their order, and the sum of the squares.
    package static func sumRows(
        _ rows: UnsafePointer<Float>, at positions: UnsafeBufferPointer<Int32>, width: Int,
        sums: UnsafeMutablePointer<Float>, squares: UnsafeMutablePointer<Float>?
    ) {
        sums.update(repeating: 0, count: width)
        squares?.update(repeating: 0, count: width)
        for position in positions {
            let row = rows + Int(position) * width
            mapRange(sums, row, sums, width) { $0 + $1 }
            if let squares { mapRange(squares, row, squares, width) { $0 + $1 * $1 } }
        }
    }

    /// The parts of a scatter: table rows, each part reading all ids but writing only its own.
    package static func scatterParts(rowCount: Int) -> Partition {
        // Few parts, as every one walks all ids.
        Partition(extent: rowCount, size: max(64, (max(rowCount, 0) + 7) / 8))
    }

    /// `gradient[ids[p], :] += dy[p, :]` in order of p for the ids in `rows` alone; those rows are
    /// first cleared if `clears`. Ids outside the table belong to no part and are passed over:
    /// the gather of the same ids has reported them.
    package static func scatterAdd<Index: FixedWidthInteger>(
        dy: UnsafePointer<Float>, ids: UnsafePointer<Index>, count: Int, width: Int,
        rows: Range<Int>, clears: Bool, gradient: UnsafeMutablePointer<Float>
    ) {
        if clears {
            (gradient + rows.lowerBound * width).update(repeating: 0, count: rows.count * width)
        }
        for position in 0..<max(count, 0) {
            guard let id = Int(exactly: ids[position]), rows.contains(id) else { continue }
            let row = gradient + id * width
            mapRange(row, dy + position * width, row, width) { $0 + $1 }
        }
    }
}
