import Foundation
import Martlet
import MartletFiles
import MartletGraphs
import MartletJSON

/// A trained model on disk: the folder that `Model.save(to:)` writes, and in it `model.json` with
/// the model's name in the catalogue and the names of its classes.
struct ModelFolder {
    private static let description = "model.json"

    let entry: ModelCatalog.Entry
    let model: Model

    /// Reads a folder that `save` wrote.
    init(path: String) throws {
        let description = Self.file(Self.description, in: path)
        guard FileManager.default.fileExists(atPath: description) else {
            throw UserError(
                "\(path): there is no \(Self.description) in this folder; give a folder that "
                    + "`martlet train --output` wrote")
        }
        let fields: JSONFields
        do {
            fields = JSONFields(
                try JSONValue(parsing: ReadableFile.contents(of: description)), source: description)
        } catch let error as JSONError {
            throw UserError("\(description): \(error)")
        }
        let name = fields.string("model")
        try fields.finish()
        entry = try ModelCatalog.entry(name)
        model = try Model.load(from: path, registry: .graphs)
    }

    /// Refuses, before work is done for it, a folder that `save` would refuse.
    static func requireSavable(to path: String) throws {
        try OutputPath.requireFolder(path, option: "--output")
        try Model.requireSavable(to: path, with: [description])
    }

    /// Writes a model; the folder is replaced whole or not at all.
    static func save(_ model: Model, _ entry: ModelCatalog.Entry, to path: String) throws {
        let described: JSONValue = [
            "model": .string(entry.name), "classes": .strings(entry.classNames),
        ]
        try model.save(to: path, with: [description: described.serialized(.indented)])
    }

    private static func file(_ name: String, in folder: String) -> String {
        URL(fileURLWithPath: folder, isDirectory: true).appendingPathComponent(name).path
    }
}
