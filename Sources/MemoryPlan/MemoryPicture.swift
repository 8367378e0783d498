extension MemoryPlan {
    /// The arena over time as text: steps from left to right, bytes from the bottom up.
    ///
    /// The 26 largest buffers have letters, the largest A; others are `+`, free bytes `.`. A cell
    /// shows what takes most of it. Below stand the largest buffers by name and the three sizes.
    ///
    /// - Parameters:
    ///   - columnCount: the most columns for steps, clamped to 1…400.
    ///   - rowCount: the most rows for bytes, clamped to 1…200.
    public func picture(columnCount: Int = 80, rowCount: Int = 24) -> String {
        let grid = PictureGrid(
            self, columnCount: min(max(columnCount, 1), 400), rowCount: min(max(rowCount, 1), 200))
        var lines = grid.rows(of: self)
        lines.append(
            "steps 0..<\(grid.stepCount) from left to right, bytes 0..<\(peakByteCount) upwards")
        for (letter, index) in zip(Self.letters, largestBuffers.prefix(8)) {
            let buffer = problem.buffers[index]
            lines.append(
                "\(letter) \(buffer.name): \(buffer.byteCount) bytes at \(offsets[index]), "
                    + "steps \(buffer.firstUse)...\(buffer.lastUse)")
        }
        lines.append(
            "arena \(peakByteCount) bytes, lower bound \(lowerBoundByteCount) "
                + "(step \(busiestStep)), without sharing \(naiveByteCount)")
        return lines.joined(separator: "\n") + "\n"
    }

    fileprivate static var letters: [Character] { Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ") }

    /// Indices of the buffers that take bytes, the largest first.
    fileprivate var largestBuffers: [Int] {
        let sizes = problem.buffers.map(\.byteCount)
        return sizes.indices.filter { sizes[$0] > 0 }.sorted {
            sizes[$0] != sizes[$1] ? sizes[$0] > sizes[$1] : $0 < $1
        }
    }
}

/// Cells of equal numbers of steps and bytes; the last column and row may cover more than there is.
private struct PictureGrid {
    let stepCount: Int
    private let stepsPerColumn: Int
    private let bytesPerRow: Int
    private let columnCount: Int
    private let rowCount: Int

    init(_ plan: MemoryPlan, columnCount: Int, rowCount: Int) {
        stepCount = (plan.problem.buffers.lazy.map(\.lastUse).max() ?? 0) + 1
        stepsPerColumn = (stepCount - 1) / columnCount + 1
        bytesPerRow = max(plan.peakByteCount - 1, 0) / rowCount + 1
        self.columnCount = (stepCount - 1) / stepsPerColumn + 1
        self.rowCount = max(plan.peakByteCount - 1, 0) / bytesPerRow + 1
    }

    /// The top row first.
    func rows(of plan: MemoryPlan) -> [String] {
        var cells = [Character](repeating: ".", count: columnCount * rowCount)
        var covered = [Double](repeating: 0, count: cells.count)
        for (rank, index) in plan.largestBuffers.enumerated() {
            let letters = MemoryPlan.letters
            let letter = rank < letters.count ? letters[rank] : "+"
            let buffer = plan.problem.buffers[index]
            let bytes = plan.offsets[index]..<plan.offsets[index] + buffer.byteCount
            for row in bytes.lowerBound / bytesPerRow...(bytes.upperBound - 1) / bytesPerRow {
                let height = overlap(row, bytesPerRow, bytes.lowerBound, bytes.upperBound - 1)
                for column in buffer.firstUse / stepsPerColumn...buffer.lastUse / stepsPerColumn {
                    let cell = row * columnCount + column
                    let width = overlap(column, stepsPerColumn, buffer.firstUse, buffer.lastUse)
                    guard height * width > covered[cell] else { continue }
                    covered[cell] = height * width
                    cells[cell] = letter
                }
            }
        }
        return (0..<rowCount).reversed().map { row in
            String(cells[row * columnCount..<(row + 1) * columnCount])
        }
    }

    /// How much of cell `index` lies in `first...last`.
    private func overlap(_ index: Int, _ cellSize: Int, _ first: Int, _ last: Int) -> Double {
        let cellFirst = Double(index) * Double(cellSize)
        return min(Double(last), cellFirst + Double(cellSize) - 1) - max(Double(first), cellFirst)
            + 1
    }
}
