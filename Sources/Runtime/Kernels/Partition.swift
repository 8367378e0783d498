/// A range cut into parts by its size alone, so that results do not depend on how many threads
/// share them out.
package struct Partition: Sendable, Equatable {
    package let extent: Int
    /// Elements of every part but perhaps the last.
    package let size: Int

    package init(extent: Int, size: Int) {
        self.extent = max(extent, 0)
        self.size = max(size, 1)
    }

    package var count: Int { (extent + size - 1) / size }

    package func range(_ part: Int) -> Range<Int> {
        let start = min(part * size, extent)
        return start..<min(start + size, extent)
    }

    /// Rows whose data together come to about `elements` Floats: parts for work row by row.
    package static func rows(_ rows: Int, columns: Int, elements: Int = 16384) -> Partition {
        Partition(extent: rows, size: elements / max(columns, 1))
    }

    /// Rows for a reduction over rows: at most 64 parts, as each leaves a partial result.
    package static func reducedRows(_ rows: Int, columns: Int) -> Partition {
        let byData = max(1, 16384 / max(columns, 1))
        return Partition(extent: rows, size: max(byData, (max(rows, 0) + 63) / 64))
    }

    /// A plain run of elements, in multiples of 16.
    package static func elements(_ count: Int) -> Partition {
        Partition(extent: count, size: 16384)
    }
}

/// Partial results added up in one fixed tree: neighbours, then neighbours of those, and so on.
package enum TreeSum {
    /// Adds `count` buffers of `stride` Floats, elements `range` of each, into `out[range]`.
    /// The partial buffers are used up. No buffers at all give zeros.
    package static func combine(
        _ partials: UnsafeMutablePointer<Float>, count: Int, stride: Int, range: Range<Int>,
        into out: UnsafeMutablePointer<Float>
    ) {
        let length = range.count
        guard count > 0 else {
            (out + range.lowerBound).update(repeating: 0, count: length)
            return
        }
        reduce(partials, count: count, stride: stride, range: range)
        (out + range.lowerBound).update(from: partials + range.lowerBound, count: length)
    }

    /// The same sum, left in the first of the partial buffers.
    package static func reduce(
        _ partials: UnsafeMutablePointer<Float>, count: Int, stride: Int, range: Range<Int>
    ) {
        var step = 1
        while step < count {
            var left = 0
            while left + step < count {
                let a = partials + (left * stride + range.lowerBound)
                let b = partials + ((left + step) * stride + range.lowerBound)
                mapRange(a, b, a, range.count) { $0 + $1 }
                left += 2 * step
            }
            step *= 2
        }
    }
}

/// Sums over rows, as a bias's gradient needs them.
package enum ColumnSumKernel {
    /// `partial[c] = Σ x[r, c]` over `rows` rows, in order.
    package static func partial(
        x: UnsafePointer<Float>, rows: Int, columns: Int, partial: UnsafeMutablePointer<Float>
    ) {
        partial.update(repeating: 0, count: columns)
        for row in 0..<max(rows, 0) {
            mapRange(partial, x + row * columns, partial, columns) { $0 + $1 }
        }
    }
}
