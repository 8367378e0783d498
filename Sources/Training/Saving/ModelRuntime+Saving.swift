import MartletInterchange
import MartletLayers

extension ModelRuntime {
    /// The optimizer's tensors; none without a compilation.
    func optimizerState(of model: Model) throws -> [SafetensorsTensor] {
        try slots(of: model).map { slot, values in
            SafetensorsTensor(
                name: slot.name, shape: slot.type.shape.fixed ?? [], floats: values)
        }
    }

    /// - Throws: `TrainingError` that lists what does not fit; nothing is changed then.
    func setOptimizerState(
        of model: Model, from file: SafetensorsFile, updateCount: Int
    ) throws {
        guard compiled != nil else {
            throw TrainingError("model", "compile it before loading the optimizer's state")
        }
        let slots = try slots(of: model).map(\.slot)
        var values: [String: [Float]] = [:]
        var problems: [String] = []
        for slot in slots {
            guard let tensor = file.header[slot.name],
                tensor.shape == slot.type.shape.fixed ?? []
            else {
                problems.append("\"\(slot.name)\" \(slot.type) is missing or has another shape")
                continue
            }
            values[slot.name] = try file.floats(slot.name)
        }
        for tensor in file.tensors where values[tensor.name] == nil {
            problems.append("the optimizer has no \"\(tensor.name)\"")
        }
        guard problems.isEmpty else {
            throw TrainingError(
                file.path,
                "the state is that of another optimizer or model:"
                    + problems.prefix(20).map { "\n  - \($0)" }.joined())
        }
        try setSlots(values, updateCount: updateCount, of: model)
    }
}
