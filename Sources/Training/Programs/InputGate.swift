import MartletIR
import MartletLayers

/// The one place where data is checked: counts, shapes, element types, labels and ids. What comes
/// out fits the program.
struct InputGate: Sendable {
    let signature: InputSignature
    let needsLabels: Bool
    /// Factors on sample weights by class.
    var classWeight: [Int: Float]?

    /// Checks examples and turns them into what the graph takes. Strings are encoded.
    ///
    /// - Parameter firstRow: the number of the first row in the whole set, for messages.
    func prepare(_ examples: Examples, firstRow: Int = 0) throws -> PreparedBatch {
        let checked = try check(examples, firstRow: firstRow)
        return try encode(checked)
    }

    /// The examples in the order of the signature, converted, labels and weights checked; strings
    /// stay strings.
    func check(_ examples: Examples, firstRow: Int = 0) throws -> PreparedBatch {
        let given = try match(examples.inputs)
        guard let first = given.first else {
            throw TrainingError("data", "there are no inputs; the model takes \(nameList)")
        }
        let rowCount = first.rowCount
        guard rowCount > 0 else {
            throw TrainingError("data", "there are no examples; give at least one")
        }
        var inputs: [DataArray] = []
        for (index, values) in given.enumerated() {
            let subject = "input \"\(signature.names[index])\""
            try require(values, rowCount, subject, first: signature.names[0])
            if index < signature.tensors.count {
                inputs.append(
                    try numbers(values, signature.tensors[index], subject, firstRow: firstRow))
            } else {
                inputs.append(try strings(values, subject))
            }
        }
        var prepared = PreparedBatch(rowCount: rowCount, inputs: inputs)
        var lengths = try requireEqualLengths(inputs)
        guard needsLabels else { return prepared }
        prepared.labels = try labels(examples.labels, rowCount, firstRow)
        if let labels = prepared.labels, let expected = signature.labels {
            try require(labels, expected.type, "labels", &lengths)
        }
        prepared.sampleWeight = try weights(
            examples.sampleWeight, labels: prepared.labels, rowCount, firstRow)
        return prepared
    }

    private var nameList: String {
        signature.names.map { "\"\($0)\"" }.joined(separator: ", ")
    }

    /// Arrays in the order of the signature's names.
    private func match(_ inputs: [Examples.Input]) throws -> [DataArray] {
        let names = signature.names
        for input in inputs {
            if let name = input.name, !names.contains(name) {
                throw TrainingError(
                    "data", "there is no input \"\(name)\"; the model takes \(nameList)")
            }
        }
        guard inputs.count == names.count else {
            throw TrainingError(
                "data",
                "\(inputs.count) inputs are given, but the model takes \(names.count): \(nameList)")
        }
        var found: [String: DataArray] = [:]
        for (index, input) in inputs.enumerated() {
            let name = input.name ?? names[index]
            guard found.updateValue(input.values, forKey: name) == nil else {
                throw TrainingError("data", "input \"\(name)\" is given twice")
            }
        }
        return names.compactMap { found[$0] }
    }

    private func require(
        _ values: DataArray, _ rowCount: Int, _ subject: String, first: String
    ) throws {
        guard values.rowCount == rowCount else {
            throw TrainingError(
                subject,
                "\(values.rowCount) examples, but input \"\(first)\" has \(rowCount); "
                    + "give one row of each for every example")
        }
    }

    // MARK: Lengths

    /// The extent of each symbol, with the first input that has it.
    private typealias Lengths = [String: (extent: Int, subject: String)]

    private func requireEqualLengths(_ inputs: [DataArray]) throws -> Lengths {
        var lengths: Lengths = [:]
        for (input, values) in zip(signature.tensors, inputs) {
            try require(values, input.type, "input \"\(input.name)\"", &lengths)
        }
        return lengths
    }

    private func require(
        _ values: DataArray, _ type: TensorType, _ subject: String, _ lengths: inout Lengths
    ) throws {
        for (dimension, extent) in zip(type.shape.dimensions, values.shape).dropFirst() {
            guard let symbol = dimension.symbol else { continue }
            let known = lengths[symbol.name] ?? (extent, subject)
            guard known.extent == extent else {
                throw TrainingError(
                    subject,
                    "its rows are \(extent) long, but those of \(known.subject) \(known.extent); "
                        + "fill them up to one length")
            }
            lengths[symbol.name] = known
        }
    }

    // MARK: Inputs

    private func strings(_ values: DataArray, _ subject: String) throws -> DataArray {
        guard case .strings = values.elements else {
            throw TrainingError(
                subject, "expected strings, received \(values.typeDescription)")
        }
        guard values.rowElementCount == 1 else {
            throw TrainingError(
                subject,
                "expected one string for each example, received \(values.typeDescription)")
        }
        return values
    }

    private func numbers(
        _ values: DataArray, _ input: InputSignature.TensorInput, _ subject: String, firstRow: Int
    ) throws -> DataArray {
        guard let rowShape = fittedRowShape(values, input.type) else {
            throw TrainingError(
                subject,
                "expected \(input.type), received \(values.typeDescription); "
                    + "the axes after the first must have these lengths")
        }
        let converted = try convert(values, to: input.type, rowShape, subject, firstRow)
        if let bound = input.indexBound, case .int32s(let ids) = converted.elements,
            let place = ids.firstIndex(where: { $0 < 0 || Int($0) >= bound })
        {
            let width = max(converted.rowElementCount, 1)
            throw TrainingError(
                subject,
                "row \(firstRow + place / width), position \(place % width): id \(ids[place]) is "
                    + "outside 0..<\(bound), the rows of the embedding table; enlarge the table or "
                    + "map unknown ids to one inside")
        }
        return converted
    }

    /// The extents after the batch axis if the array fits; a missing last axis of 1 is added.
    private func fittedRowShape(_ values: DataArray, _ type: TensorType) -> [Int]? {
        var row = Array(values.shape.dropFirst())
        let expected = type.shape.dimensions.dropFirst()
        if row.count + 1 == expected.count, expected.last == 1 { row.append(1) }
        guard !values.shape.isEmpty, row.count == expected.count else { return nil }
        for (extent, dimension) in zip(row, expected) {
            if let fixed = dimension.fixed {
                if extent != fixed { return nil }
            } else if extent > (dimension.bound ?? 0) {
                return nil
            }
        }
        return row
    }

    private func convert(
        _ values: DataArray, to type: TensorType, _ rowShape: [Int], _ subject: String,
        _ firstRow: Int
    ) throws -> DataArray {
        let shape = [values.rowCount] + rowShape
        switch (values.elements, type.dtype) {
        case (.floats, .f32), (.int32s, .i32):
            return DataArray(unchecked: values.elements, shape: shape)
        case (.int32s(let integers), .f32):
            return DataArray(unchecked: .floats(integers.map(Float.init)), shape: shape)
        case (.floats(let floats), .i32):
            var integers = [Int32](repeating: 0, count: floats.count)
            for (index, value) in floats.enumerated() {
                guard let integer = Int32(exactly: value) else {
                    throw TrainingError(
                        subject,
                        "row \(firstRow + index / max(values.rowElementCount, 1)): \(value) is no "
                            + "whole number, but \(type) is expected")
                }
                integers[index] = integer
            }
            return DataArray(unchecked: .int32s(integers), shape: shape)
        case (.strings, _):
            throw TrainingError(
                subject,
                "expected \(type), received strings; put a layer that turns strings into "
                    + "numbers, such as TextVectorization, at the front of the model")
        case (_, let dtype):
            throw TrainingError(
                subject, "inputs of element type \(dtype) cannot be given yet; declare i32 or f32")
        }
    }

    // MARK: Labels

    private func labels(
        _ labels: DataArray?, _ rowCount: Int, _ firstRow: Int
    ) throws -> DataArray {
        guard let expected = signature.labels else {
            throw TrainingError(
                "model", "it has no loss yet; call compile(optimizer:loss:metrics:) first")
        }
        guard let labels else {
            throw TrainingError(
                "labels", "none are given; the loss \(expected.lossName) needs \(expected.type)")
        }
        guard labels.rowCount == rowCount, !labels.shape.isEmpty else {
            throw TrainingError(
                "labels",
                "\(labels.rowCount) labels for \(rowCount) examples; give one for every example")
        }
        guard let rowShape = fittedLabelShape(labels, expected) else {
            var hint = ""
            if let classCount = expected.classCount, labels.rowElementCount == classCount {
                hint =
                    "; these look one-hot: give class numbers, or use categoricalCrossentropy"
            }
            throw TrainingError(
                "labels",
                "the loss \(expected.lossName) expects \(expected.type), received "
                    + labels.typeDescription + hint)
        }
        let converted = try convert(labels, to: expected.type, rowShape, "labels", firstRow)
        try requireClasses(converted, expected, firstRow)
        return converted
    }

    /// The row shape the graph's label input has, where the labels fill it.
    private func fittedLabelShape(
        _ labels: DataArray, _ expected: InputSignature.Labels
    ) -> [Int]? {
        let wanted = expected.type.shape.dimensions.dropFirst().map { $0.fixed ?? -1 }
        var row = Array(labels.shape.dropFirst())
        if row.count == wanted.count + 1, row.last == 1 { row.removeLast() }
        if row.count + 1 == wanted.count, wanted.last == 1 { row.append(1) }
        let fits =
            row.count == wanted.count && zip(row, wanted).allSatisfy { $1 == -1 || $0 == $1 }
        return fits ? row : nil
    }

    private func requireClasses(
        _ labels: DataArray, _ expected: InputSignature.Labels, _ firstRow: Int
    ) throws {
        guard let classCount = expected.classCount, case .int32s(let values) = labels.elements
        else { return }
        let ignored = expected.ignoredClass
        let wrong = values.firstIndex {
            ($0 < 0 || Int($0) >= classCount) && Int($0) != ignored
        }
        guard let wrong else { return }
        let width = max(labels.rowElementCount, 1)
        let place = width == 1 ? "" : ", position \(wrong % width)"
        throw TrainingError(
            "labels",
            "row \(firstRow + wrong / width)\(place): class \(values[wrong]) is outside "
                + "0..<\(classCount), the model's outputs; number the classes from 0, or give the "
                + "last layer more units")
    }

    // MARK: Weights

    private func weights(
        _ given: DataArray?, labels: DataArray?, _ rowCount: Int, _ firstRow: Int
    ) throws -> DataArray? {
        if let classWeight {
            guard given == nil else {
                throw TrainingError(
                    "fit",
                    "class weights and sample weights cannot be given together; multiply "
                        + "them into the sample weights")
            }
            return try weights(by: classWeight, labels: labels)
        }
        guard let given else { return nil }
        guard given.rowCount == rowCount, !given.shape.isEmpty else {
            throw TrainingError(
                "sample weights",
                "\(given.rowCount) weights for \(rowCount) examples; give one for every example")
        }
        if case .strings = given.elements {
            throw TrainingError("sample weights", "expected numbers, received strings")
        }
        let values = given.floats
        if let wrong = values.firstIndex(where: { !$0.isFinite }) {
            throw TrainingError(
                "sample weights",
                "row \(firstRow + wrong / max(given.rowElementCount, 1)): \(values[wrong]) is no "
                    + "finite number")
        }
        return DataArray(unchecked: .floats(values), shape: given.shape)
    }

    private func weights(by classWeight: [Int: Float], labels: DataArray?) throws -> DataArray? {
        guard let labels, signature.labels?.classCount != nil,
            case .int32s(let classes) = labels.elements
        else {
            throw TrainingError(
                "fit", "class weights need labels that are class numbers; give sample weights")
        }
        return DataArray(
            unchecked: .floats(classes.map { classWeight[Int($0)] ?? 1 }), shape: labels.shape)
    }
}
