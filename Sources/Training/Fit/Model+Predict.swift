import MartletLayers

/// A model's outputs by name, for all examples given.
public struct Predictions: Sendable, Hashable {
    public let names: [String]
    public let values: [DataArray]

    /// The output of a name; nil where there is none.
    public subscript(name: String) -> DataArray? {
        names.firstIndex(of: name).map { values[$0] }
    }

    /// The first output: that of a model with one.
    public var first: DataArray { values[0] }
}

extension Model {
    /// The model's outputs for examples; labels and weights are not looked at.
    ///
    /// Strings are encoded in the background while earlier batches run. Texts of like length run
    /// together where the model's outputs allow it; outputs are in the order given.
    ///
    /// - Throws: `TrainingError` where the inputs do not fit, before anything runs.
    public func predict(_ examples: Examples, batchSize: Int = 32) async throws -> Predictions {
        try FitArguments(batchSize: batchSize).validate()
        let runtime = ModelRuntime.of(self)
        let signature = try runtime.signature(self, .prediction)
        let gate = InputGate(signature: signature, needsLabels: false)
        if let sorted = try await SortedPrediction(gate, self, runtime, batchSize)?(examples) {
            return sorted
        }
        let source = try BatchFeed.source(
            examples, gate: gate, batchSize: batchSize, shuffleSeed: nil)
        var feed = BatchFeed(source, isContinuous: false, firstPass: 0)
        feed.beginEpoch()
        var parts: [[DataArray]] = []
        var names: [String] = []
        while let batch = try await feed.next() {
            try Task.checkCancellation()
            let outputs = try runtime.predict(
                self, batch.data, rows: batch.rows, batchBound: batchSize)
            names = outputs.map(\.name)
            if parts.isEmpty { parts = outputs.map { _ in [] } }
            for (index, output) in outputs.enumerated() { parts[index].append(output.values) }
        }
        return Predictions(names: names, values: try parts.map { try DataArray(joining: $0) })
    }

    /// The outputs of a model with one input.
    public func predict(x: DataArray, batchSize: Int = 32) async throws -> Predictions {
        try await predict(Examples(x: x), batchSize: batchSize)
    }

    /// The outputs of a model that takes strings.
    public func predict(_ texts: [String], batchSize: Int = 32) async throws -> Predictions {
        try await predict(Examples(x: DataArray(texts)), batchSize: batchSize)
    }
}

extension DataArray {
    /// Arrays of one type and row shape, one after another.
    init(joining parts: [DataArray]) throws(TrainingError) {
        let rowShape = Array(parts.first?.shape.dropFirst() ?? [])
        guard parts.allSatisfy({ Array($0.shape.dropFirst()) == rowShape }) else {
            throw TrainingError(
                "outputs", "their shapes differ from batch to batch; predict batch by batch")
        }
        let shape = [parts.reduce(0) { $0 + $1.rowCount }] + rowShape
        if case .int32s = parts.first?.elements {
            let values = parts.flatMap { part -> [Int32] in
                if case .int32s(let values) = part.elements { values } else { [] }
            }
            self.init(unchecked: .int32s(values), shape: shape)
        } else {
            self.init(unchecked: .floats(parts.flatMap(\.floats)), shape: shape)
        }
    }
}
