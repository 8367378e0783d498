import Foundation
import Martlet
import MartletFiles
import MartletGraphs
import MartletJSON

/// A trained model on disk: a folder of
///
/// - `architecture.json`: the layers, with the vocabulary of a text vectorization,
/// - `weights.safetensors`,
/// - `model.json`: its name in the catalogue and the names of its classes; written last, so that a
///   folder with this file is whole.
struct ModelFolder {
    private static let description = "model.json"
    private static let architecture = "architecture.json"
    private static let weights = "weights.safetensors"

    let entry: ModelCatalog.Entry
    let model: Model

    /// Reads a folder that `save` wrote.
    init(path: String) throws {
        let root = URL(fileURLWithPath: path, isDirectory: true)
        guard FileManager.default.fileExists(atPath: root.file(Self.description)) else {
            throw UserError(
                "\(path): there is no \(Self.description) in this folder; give a folder that "
                    + "`martlet train --output` wrote")
        }
        let fields = JSONFields(
            try Self.json(root.file(Self.description)), source: root.file(Self.description))
        let name = fields.string("model")
        try fields.finish()
        entry = try ModelCatalog.entry(name)
        model = try Model.make(from: Self.json(root.file(Self.architecture)), registry: .graphs)
        try Self.loadWeights(root.file(Self.weights), into: model)
    }

    /// Writes a model, creating the folder; every file is replaced whole or not at all.
    static func save(_ model: Model, _ entry: ModelCatalog.Entry, to path: String) throws {
        let root = URL(fileURLWithPath: path, isDirectory: true)
        try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
        let values = try model.weights()
        let tensors = try model.parameters.map { parameter in
            SafetensorsTensor(
                name: parameter.name, shape: parameter.extents,
                floats: values[parameter.name] ?? [])
        }
        try AtomicFile.write(model.json().serialized(), to: root.file(architecture))
        try SafetensorsFile.write(tensors, to: root.file(weights))
        let described: JSONValue = [
            "model": .string(entry.name), "classes": .strings(entry.classNames),
        ]
        try AtomicFile.write(described.serialized(.indented), to: root.file(description))
    }

    /// Sets every weight from a file.
    ///
    /// - Throws: `UserError` where a tensor has another shape, or the file has one too many.
    static func loadWeights(_ path: String, into model: Model) throws {
        let file = try SafetensorsFile(path: path)
        var values: [String: [Float]] = [:]
        for parameter in try model.parameters {
            let tensor = try file.tensor(parameter.name)
            guard tensor.shape == parameter.extents else {
                throw UserError(
                    "\(path): \(parameter.name) has the shape \(tensor.shape), expected "
                        + "\(parameter.extents)")
            }
            values[parameter.name] = try file.floats(parameter.name)
        }
        if let other = file.tensors.first(where: { values[$0.name] == nil }) {
            throw UserError("\(path): the model has no weight \"\(other.name)\"")
        }
        try model.setWeights(values)
    }

    private static func json(_ path: String) throws -> JSONValue {
        do {
            return try JSONValue(parsing: ReadableFile.contents(of: path))
        } catch let error as JSONError {
            throw UserError("\(path): \(error)")
        }
    }
}

extension URL {
    fileprivate func file(_ name: String) -> String { appendingPathComponent(name).path }
}
