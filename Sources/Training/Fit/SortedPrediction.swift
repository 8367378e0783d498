import MartletLayers

/// Predicts for texts of different lengths in batches of like ones, so that little is filled up.
struct SortedPrediction {
    private let gate: InputGate
    private let model: Model
    private let runtime: ModelRuntime
    private let batchSize: Int
    /// Texts that are encoded and sorted together.
    private static let window = 4_096

    /// Nil for models that do not take strings, or do nothing by them.
    init?(_ gate: InputGate, _ model: Model, _ runtime: ModelRuntime, _ batchSize: Int) {
        guard !gate.signature.stages.isEmpty, !gate.signature.hasOutputOfSequenceLength else {
            return nil
        }
        self.gate = gate
        self.model = model
        self.runtime = runtime
        self.batchSize = batchSize
    }

    /// Nil where a layer fills rows up to one length itself.
    func callAsFunction(_ examples: Examples) async throws -> Predictions? {
        let checked = try gate.check(examples)
        var names: [String] = []
        var parts: [[DataArray]] = []
        for first in stride(from: 0, to: checked.rowCount, by: Self.window) {
            let window = checked.rows(
                Array(first..<min(first + Self.window, checked.rowCount))[...])
            guard let outputs = try await predict(window) else { return nil }
            names = outputs.map(\.name)
            if parts.isEmpty { parts = outputs.map { _ in [] } }
            for (index, output) in outputs.enumerated() { parts[index].append(output.values) }
        }
        return Predictions(names: names, values: try parts.map { try DataArray(joining: $0) })
    }

    private func predict(
        _ window: PreparedBatch
    ) async throws -> [(name: String, values: DataArray)]? {
        var given: [String: DataArray] = [:]
        for (name, array) in zip(gate.signature.names, window.inputs) { given[name] = array }
        guard let rows = try gate.hostRows(of: given) else { return nil }
        let lengths = (0..<window.rowCount).map { row in
            rows.reduce(0) { max($0, $1.lengths[row]) }
        }
        // Longest first: what does not fit into memory shows at once.
        let order = (0..<window.rowCount).sorted {
            (lengths[$1], $0) < (lengths[$0], $1)
        }
        var names: [String] = []
        var parts: [[DataArray]] = []
        for first in stride(from: 0, to: order.count, by: batchSize) {
            try Task.checkCancellation()
            let part = order[first..<min(first + batchSize, order.count)]
            let batch = try gate.filled(window, given, rows, order: part)
            let outputs = try runtime.predict(
                model, batch, rows: 0..<batch.rowCount, batchBound: batchSize)
            names = outputs.map(\.name)
            if parts.isEmpty { parts = outputs.map { _ in [] } }
            for (index, output) in outputs.enumerated() { parts[index].append(output.values) }
        }
        var places = [Int](repeating: 0, count: order.count)
        for (place, row) in order.enumerated() { places[row] = place }
        return try zip(names, parts).map { name, parts in
            (name, try DataArray(joining: parts).rows(places))
        }
    }
}
