import MartletIR

/// Examples as a program takes them: checked, strings turned into ids, element types those of the
/// graph's inputs.
struct PreparedBatch: Sendable {
    var rowCount: Int
    /// In the order of the graph's data inputs.
    var inputs: [DataArray]
    var labels: DataArray?
    var sampleWeight: DataArray?
}

extension PreparedBatch {
    /// Whether so much of some rows is padding, by the zeros of an input, that packing them pays: a
    /// fifth of all positions. Less is seldom worth a second program.
    ///
    /// - Parameters:
    ///   - order: the numbers of the examples at `rows`; themselves by default.
    func isWorthPacking(by input: Int, rows: Range<Int>, order: [Int]?) -> Bool {
        let length = inputs[input].rowElementCount
        var kept = 0
        for row in rows {
            let first = (order?[row] ?? row) * length
            switch inputs[input].elements {
            case .int32s(let values):
                kept += PackIndices.keptCount(of: length) { values[first + $0] != 0 }
            case .floats(let values):
                kept += PackIndices.keptCount(of: length) { values[first + $0] != 0 }
            case .strings: return false
            }
        }
        return kept * 5 <= rows.count * length * 4
    }
}
