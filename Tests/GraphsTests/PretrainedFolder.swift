import Foundation
import Martlet

/// A copy of a checkpoint that a test may damage; removed when the test ends.
final class PretrainedFolder {
    let path: String

    init(copyOf name: String) throws {
        path = NSTemporaryDirectory() + "martlet-\(name)-\(UUID().uuidString)"
        try FileManager.default.copyItem(atPath: PretrainedGolden.root + "/" + name, toPath: path)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> URL { URL(fileURLWithPath: "\(path)/\(name)") }

    func remove(_ name: String) throws { try FileManager.default.removeItem(at: file(name)) }

    func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: file(name))
    }

    /// Sets fields of config.json; nil removes one.
    func configure(_ fields: [String: JSONValue?]) throws {
        var object = try config()
        for (key, value) in fields { object[key] = value }
        try write(JSONValue.object(object).text(), to: "config.json")
    }

    func config() throws -> JSONObject {
        let bytes = [UInt8](try Data(contentsOf: file("config.json")))
        return try JSONValue(parsing: bytes).objectValue ?? JSONObject()
    }

    func tensors() throws -> SafetensorsFile {
        try SafetensorsFile(path: "\(path)/model.safetensors")
    }

    struct Tensor {
        var name: String
        var shape: [Int]
        var values: [Float]
    }

    /// Writes the weights again as `change` makes them.
    func rewriteWeights(_ change: (inout [Tensor]) -> Void) throws {
        let file = try tensors()
        var all = try file.tensors.map {
            Tensor(name: $0.name, shape: $0.shape, values: try file.floats($0.name))
        }
        change(&all)
        try SafetensorsFile.write(
            all.map { SafetensorsTensor(name: $0.name, shape: $0.shape, floats: $0.values) },
            to: "\(path)/model.safetensors")
    }
}
