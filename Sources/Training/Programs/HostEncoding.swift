import MartletLayers

extension InputGate {
    /// Runs the host layers: strings become the graph's inputs.
    func encode(_ batch: PreparedBatch) throws -> PreparedBatch {
        guard !signature.stages.isEmpty else { return batch }
        var values: [String: DataArray] = [:]
        for (name, array) in zip(signature.names, batch.inputs) { values[name] = array }
        if let rows = try hostRows(of: values) {
            return try filled(batch, values, rows, order: Array(0..<batch.rowCount)[...])
        }
        for stage in signature.stages {
            let columns = stage.strings.map { values[$0]?.strings ?? [] }
            let arrays = try Self.run(stage, columns, rowCount: batch.rowCount)
            for (name, array) in zip(stage.inputs, arrays) { values[name] = array }
        }
        var encoded = batch
        encoded.inputs = signature.graphInputs.compactMap { values[$0] }
        return encoded
    }

    /// The rows of every host layer before they are filled up; nil where some layer fills them up
    /// itself, or where the model's outputs are as long as its inputs.
    func hostRows(of values: [String: DataArray]) throws -> [HostRows]? {
        guard !signature.hasOutputOfSequenceLength else { return nil }
        var all: [HostRows] = []
        for stage in signature.stages {
            let columns = stage.strings.map { values[$0]?.strings ?? [] }
            guard let rows = try stage.layer.encodeRows(columns) else { return nil }
            try Self.check(rows, stage, rowCount: columns.first?.count ?? 0)
            all.append(rows)
        }
        return all
    }

    /// Refuses rows that do not fit what the layer declared.
    private static func check(_ rows: HostRows, _ stage: HostStage, rowCount: Int) throws {
        let bound = stage.outputs.compactMap { $0.shape.dimensions.first?.bound }.min() ?? 0
        let total = rows.lengths.reduce(0) { $0 &+ $1 }
        let fits =
            rows.lengths.count == rowCount && rows.lengths.allSatisfy { (0...bound).contains($0) }
            && rows.outputs.count == stage.inputs.count
            && rows.padding.count == stage.inputs.count
            && rows.outputs.allSatisfy { $0.count == total }
        guard fits else {
            throw TrainingError(
                "layer \"\(stage.name)\"",
                "encodeRows made \(rows.outputs.count) outputs for \(rows.lengths.count) examples, "
                    + "expected \(stage.inputs.count) for \(rowCount), each as long as the lengths "
                    + "say and none longer than \(bound)")
        }
    }

    /// Some examples of a batch, their rows filled up to the longest of them.
    ///
    /// - Parameter order: the numbers of the examples in the batch.
    func filled(
        _ batch: PreparedBatch, _ given: [String: DataArray], _ rows: [HostRows],
        order: ArraySlice<Int>
    ) throws -> PreparedBatch {
        var values = given.mapValues { $0.rows(order) }
        // One length for all layers: their symbols may be the same.
        let longest = rows.map { rows in order.reduce(1) { max($0, rows.lengths[$1]) } }.max() ?? 1
        for (stage, rows) in zip(signature.stages, rows) {
            let bound = stage.outputs.compactMap { $0.shape.dimensions.first?.bound }.min() ?? 0
            let length = SequenceLength.filledUp(min(longest, bound), bound: bound)
            let starts = rows.lengths.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1) }
            for (index, name) in stage.inputs.enumerated() {
                var elements = [Int32](
                    repeating: rows.padding[index], count: order.count * length)
                for (place, row) in order.enumerated() {
                    let first = place * length
                    elements.replaceSubrange(
                        first..<first + rows.lengths[row],
                        with: rows.outputs[index][starts[row]..<starts[row + 1]])
                }
                values[name] = DataArray(
                    unchecked: .int32s(elements), shape: [order.count, length])
            }
        }
        var filled = batch.rows(order)
        filled.inputs = signature.graphInputs.compactMap { values[$0] }
        return filled
    }

    private static func run(
        _ stage: HostStage, _ columns: [[String]], rowCount: Int
    ) throws -> [DataArray] {
        var buffers: [HostBuffer] = []
        defer { buffers.forEach { $0.deallocate() } }
        var shapes: [[Int]] = []
        for output in stage.outputs {
            let shape = [rowCount] + (output.shape.evaluated { $0.bound } ?? [])
            var count = 1
            for extent in shape {
                let (product, overflow) = count.multipliedReportingOverflow(by: extent)
                guard !overflow, product <= Int(Int32.max) else {
                    throw TrainingError(
                        "layer \"\(stage.name)\"", "a batch of shape \(shape) is too large")
                }
                count = product
            }
            shapes.append(shape)
            buffers.append(output.dtype == .f32 ? .zeroFloats(count) : .zeroIntegers(count))
        }
        try stage.layer.encode(columns, into: buffers)
        return zip(buffers, shapes).map { DataArray(unchecked: $0.elements, shape: $1) }
    }
}

extension HostBuffer {
    fileprivate static func zeroFloats(_ count: Int) -> HostBuffer {
        let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
        buffer.initialize(repeating: 0)
        return .float(buffer)
    }

    fileprivate static func zeroIntegers(_ count: Int) -> HostBuffer {
        let buffer = UnsafeMutableBufferPointer<Int32>.allocate(capacity: count)
        buffer.initialize(repeating: 0)
        return .int32(buffer)
    }

    fileprivate var elements: DataArray.Elements {
        switch self {
        case .int32(let buffer): .int32s(Array(buffer))
        case .float(let buffer): .floats(Array(buffer))
        }
    }

    fileprivate func deallocate() {
        switch self {
        case .int32(let buffer): buffer.deallocate()
        case .float(let buffer): buffer.deallocate()
        }
    }
}
