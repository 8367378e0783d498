import MartletLayers

extension InputGate {
    /// Runs the host layers: strings become the graph's inputs.
    func encode(_ batch: PreparedBatch) throws -> PreparedBatch {
        guard !signature.stages.isEmpty else { return batch }
        var values: [String: DataArray] = [:]
        for (name, array) in zip(signature.names, batch.inputs) { values[name] = array }
        for stage in signature.stages {
            let columns = stage.strings.map { values[$0]?.strings ?? [] }
            let arrays = try Self.run(stage, columns, rowCount: batch.rowCount)
            for (name, array) in zip(stage.inputs, arrays) { values[name] = array }
        }
        var encoded = batch
        encoded.inputs = signature.graphInputs.compactMap { values[$0] }
        return encoded
    }

    private static func run(
        _ stage: HostStage, _ columns: [[String]], rowCount: Int
    ) throws -> [DataArray] {
        var buffers: [HostBuffer] = []
        defer { buffers.forEach { $0.deallocate() } }
        var shapes: [[Int]] = []
        for output in stage.outputs {
            let shape = [rowCount] + (output.shape.fixed ?? [])
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
