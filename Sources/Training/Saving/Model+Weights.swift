import MartletInterchange
import MartletLayers

extension Model {
    /// Writes all weights to a safetensors file, under their paths; whole or not at all.
    ///
    /// - Throws: `FileError` where writing fails; the path then keeps what it held.
    public func saveWeights(to path: String) throws {
        let values = try weights()
        let tensors = try parameters.map { parameter in
            SafetensorsTensor(
                name: parameter.name, shape: parameter.extents,
                floats: values[parameter.name] ?? [])
        }
        try SafetensorsFile.write(tensors, metadata: [("format", "martlet")], to: path)
    }

    /// Reads all weights from a safetensors file, by their paths.
    ///
    /// - Throws: `TrainingError` that lists every tensor that is missing, superfluous or of another
    ///   shape; `SafetensorsError` or `FileError`. Nothing is changed then.
    public func loadWeights(from path: String) throws {
        let file = try SafetensorsFile(path: path)
        let parameters = try parameters
        var problems: [String] = []
        for parameter in parameters {
            guard let tensor = file.header[parameter.name] else {
                problems.append("\"\(parameter.name)\" \(parameter.type) is missing")
                continue
            }
            if tensor.shape != parameter.extents {
                problems.append(
                    "\"\(parameter.name)\" has the shape \(tensor.shape), expected "
                        + "\(parameter.extents)")
            }
        }
        let known = Set(parameters.map(\.name))
        for tensor in file.tensors where !known.contains(tensor.name) {
            problems.append("the model has no weight \"\(tensor.name)\"")
        }
        guard problems.isEmpty else {
            throw TrainingError(
                path,
                "the weights do not fit the model:"
                    + problems.map { "\n  - \($0)" }.joined())
        }
        var values: [String: [Float]] = [:]
        for parameter in parameters { values[parameter.name] = try file.floats(parameter.name) }
        try setWeights(values)
    }
}
