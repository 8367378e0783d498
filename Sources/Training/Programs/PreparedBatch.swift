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
