import Foundation
import MartletInterchange
import MartletJSON
import Testing

@Suite struct SafetensorsFolderTests {
    private func write(_ names: [String], to file: String, in folder: TemporaryFolder) throws {
        try SafetensorsFile.write(
            names.map { SafetensorsTensor(name: $0, shape: [1], floats: [Float($0.utf8.count)]) },
            to: "\(folder.path)/\(file)")
    }

    private func writeIndex(_ map: JSONObject, in folder: TemporaryFolder) throws {
        try folder.write(
            JSONValue.object(["metadata": ["total_size": 8], "weight_map": .object(map)])
                .serialized(.indented), to: "model.safetensors.index.json")
    }

    private func refusal(_ folder: TemporaryFolder) -> String {
        do {
            return "accepted: \(try SafetensorsFolder(path: folder.path).names)"
        } catch {
            return "\(error)".replacing(folder.path, with: "FOLDER")
        }
    }

    @Test func readsOneFile() throws {
        let folder = try TemporaryFolder()
        try write(["a", "bb"], to: "model.safetensors", in: folder)
        let weights = try SafetensorsFolder(path: folder.path)
        #expect(weights.names == ["a", "bb"])
        #expect(try weights.file(of: "bb")?.floats("bb") == [2])
        #expect(weights["a"]?.shape == [1])
        #expect(weights["c"] == nil)
    }

    @Test func readsShards() throws {
        let folder = try TemporaryFolder()
        try write(["a", "extra"], to: "model-00001-of-00002.safetensors", in: folder)
        try write(["bb"], to: "model-00002-of-00002.safetensors", in: folder)
        try writeIndex(
            [
                "bb": "model-00002-of-00002.safetensors",
                "a": "model-00001-of-00002.safetensors",
            ], in: folder)
        let weights = try SafetensorsFolder(path: folder.path)
        #expect(weights.names == ["bb", "a"])
        #expect(weights.unlistedNames == ["extra"])
        #expect(try weights.file(of: "a")?.floats("a") == [1])
        #expect(try weights.file(of: "bb")?.floats("bb") == [2])
        #expect(weights["extra"] == nil)
    }

    @Test(arguments: [
        "../x.safetensors", "/etc/x.safetensors", "sub/x.safetensors", "..", "a\\b.safetensors",
        ".hidden.safetensors", "x.bin", "", "é.safetensors",
    ])
    func refusesShardPaths(_ shard: String) throws {
        let folder = try TemporaryFolder()
        try writeIndex(["a": .string(shard)], in: folder)
        let quoted = shard.replacing("\\", with: "\\\\")
        #expect(
            refusal(folder)
                == "FOLDER/model.safetensors.index.json: weight_map \"a\": \"\(quoted)\" is not the "
                + "plain name of a .safetensors file in the folder")
    }

    /// The one file of weights, and a shard that an index names.
    @Test(arguments: ["model.safetensors", "shard.safetensors"])
    func refusesLinksThatLeadOut(_ name: String) throws {
        let outside = try TemporaryFolder()
        try write(["a"], to: "real.safetensors", in: outside)
        let folder = try TemporaryFolder()
        try FileManager.default.createSymbolicLink(
            atPath: "\(folder.path)/\(name)",
            withDestinationPath: "\(outside.path)/real.safetensors")
        if name != "model.safetensors" { try writeIndex(["a": .string(name)], in: folder) }
        #expect(
            refusal(folder)
                == "FOLDER: \(name) is a link that leads out of the folder; copy the file into it")
    }

    /// A snapshot in the cache of `huggingface_hub` holds links into the model's `blobs`.
    @Test func followsLinksOfTheHubCache() throws {
        let cache = try TemporaryFolder()
        let manager = FileManager.default
        let model = "\(cache.path)/models--owner--name"
        try manager.createDirectory(
            atPath: "\(model)/snapshots/0123", withIntermediateDirectories: true)
        try manager.createDirectory(atPath: "\(model)/blobs", withIntermediateDirectories: true)
        try SafetensorsFile.write(
            [SafetensorsTensor(name: "a", shape: [1], floats: [3])], to: "\(model)/blobs/4567")
        try manager.createSymbolicLink(
            atPath: "\(model)/snapshots/0123/model.safetensors",
            withDestinationPath: "../../blobs/4567")
        let weights = try SafetensorsFolder(path: "\(model)/snapshots/0123")
        #expect(try weights.file(of: "a")?.floats("a") == [3])
    }

    @Test func refusesBrokenIndexes() throws {
        let index = "FOLDER/model.safetensors.index.json"
        let folder = try TemporaryFolder()
        try writeIndex(["a": "x.safetensors"], in: folder)
        #expect(refusal(folder) == "FOLDER: the file x.safetensors is missing; download it")
        try write(["b"], to: "x.safetensors", in: folder)
        #expect(
            refusal(folder)
                == "\(index): tensor \"a\" should be in x.safetensors, which has no tensor of that "
                + "name")
        try writeIndex(["a": 1], in: folder)
        #expect(
            refusal(folder) == "\(index): weight_map \"a\": expected a file name, found an integer")
        try writeIndex([:], in: folder)
        #expect(
            refusal(folder)
                == "\(index): expected an object \"weight_map\" from tensors to file names")
        try folder.write(Array("{".utf8), to: "model.safetensors.index.json")
        #expect(
            refusal(folder)
                == "\(index): JSON, line 1, column 2 (byte 1): expected a string in double quotes, "
                + "found the end of the document")
    }

    @Test func refusesPickles() throws {
        let folder = try TemporaryFolder()
        #expect(
            refusal(folder)
                == "FOLDER: there is neither model.safetensors nor model.safetensors.index.json")
        try folder.write([0x80], to: "pytorch_model.bin")
        #expect(
            refusal(folder)
                == "FOLDER: the weights are only there as a pickle (pytorch_model.bin), which can "
                + "run any program when read and is refused; convert it where you trust it: "
                + "`AutoModel.from_pretrained(folder).save_pretrained(folder)` in Python writes "
                + "model.safetensors")
    }
}
