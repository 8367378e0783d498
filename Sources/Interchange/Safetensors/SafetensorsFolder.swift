import MartletFiles
import MartletJSON

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The weights of a model folder: one `model.safetensors`, or the shards that
/// `model.safetensors.index.json` lists.
public struct SafetensorsFolder: Sendable {
    public let path: String
    /// The shards, each open, in the order of their names.
    public let files: [SafetensorsFile]
    /// Tensors that a shard holds but the index does not list; nothing reads them.
    public let unlistedNames: [String]
    /// Tensors in the order of the index, or of the one file.
    public let names: [String]
    private let index: ByteKeyIndex
    /// For each name the position of its file.
    private let filePositions: [Int]

    static let fileName = "model.safetensors"
    static let indexName = "model.safetensors.index.json"
    private static let pickleNames = [
        "pytorch_model.bin", "pytorch_model.bin.index.json", "model.pt", "model.pth",
        "pytorch_model.pt", "training_args.bin",
    ]

    /// Opens the weights in the folder `path`.
    ///
    /// Shard names must be plain file names of files inside the folder (or, in a Hugging Face
    /// cache, of links into the model's own `blobs`). Pickle files are never read: unpickling
    /// runs whatever program the file contains.
    public init(
        path: String, limits: SafetensorsHeader.Limits = SafetensorsHeader.Limits()
    ) throws {
        if Self.exists("\(path)/\(Self.fileName)") {
            let file = try Self.open(Self.fileName, in: path, limits)
            self.init(path: path, file: file)
        } else if Self.exists("\(path)/\(Self.indexName)") {
            try self.init(path: path, shardsOf: try Self.readIndex(in: path), limits)
        } else {
            throw Self.noWeights(in: path)
        }
    }

    private init(path: String, file: SafetensorsFile) {
        self.path = path
        files = [file]
        unlistedNames = []
        names = file.tensors.map(\.name)
        filePositions = names.map { _ in 0 }
        index = Self.index(of: names)
    }

    private init(
        path: String, shardsOf map: [(name: String, shard: String)],
        _ limits: SafetensorsHeader.Limits
    ) throws {
        // Plain ASCII order of file names; `String` equality is safe on checked names.
        let shards = Set(map.map(\.shard)).sorted()
        let positions = Dictionary(uniqueKeysWithValues: zip(shards, shards.indices))
        let files = try shards.map { try Self.open($0, in: path, limits) }
        self.path = path
        self.files = files
        names = map.map(\.name)
        filePositions = map.map { positions[$0.shard] ?? 0 }
        index = Self.index(of: names)
        for (name, position) in zip(names, filePositions) where files[position].header[name] == nil
        {
            throw SafetensorsError(
                .invalidIndex, path: "\(path)/\(Self.indexName)",
                "tensor \(name.quotedForMessage()) should be in \(shards[position]), which has no "
                    + "tensor of that name")
        }
        let listed = index
        let listedNames = names
        unlistedNames = files.flatMap { $0.tensors.map(\.name) }.filter { name in
            listed.find(hash: byteHash(of: name)) { haveSameBytes(listedNames[$0], name) } == nil
        }
    }

    private static func index(of names: [String]) -> ByteKeyIndex {
        var index = ByteKeyIndex(expectedCount: names.count)
        for name in names { _ = index.insert(hash: byteHash(of: name)) { _ in false } }
        return index
    }

    /// The open file that holds the tensor `name`, if any does.
    public func file(of name: String) -> SafetensorsFile? {
        index.find(hash: byteHash(of: name)) { haveSameBytes(names[$0], name) }
            .map { files[filePositions[$0]] }
    }

    /// The tensor of this name, if the folder has it.
    public subscript(name: String) -> SafetensorsFile.Tensor? { file(of: name)?.header[name] }

    // MARK: The index

    private static func readIndex(in folder: String) throws -> [(name: String, shard: String)] {
        let path = "\(folder)/\(indexName)"
        func refuse(_ code: SafetensorsError.Code, _ message: String) -> SafetensorsError {
            SafetensorsError(code, path: path, message)
        }
        let bytes = try ReadableFile.contents(of: path, limit: 256 << 20)
        let document: JSONValue
        do throws(JSONError) {
            document = try JSONValue(parsing: bytes)
        } catch {
            throw refuse(.invalidIndex, "\(error)")
        }
        guard let map = document["weight_map"]?.objectValue, !map.isEmpty else {
            throw refuse(
                .invalidIndex, "expected an object \"weight_map\" from tensors to file names")
        }
        return try map.members.map { member in
            guard case .string(let shard) = member.value else {
                throw refuse(
                    .invalidIndex,
                    "weight_map \(member.key.quotedForMessage()): expected a file name, found "
                        + member.value.kind)
            }
            guard isPlainName(shard) else {
                throw refuse(
                    .unsafeShardPath,
                    "weight_map \(member.key.quotedForMessage()): \(shard.quotedForMessage()) is "
                        + "not the plain name of a .safetensors file in the folder")
            }
            return (name: member.key, shard: shard)
        }
    }

    /// Whether `name` is ASCII, names no other folder and ends in `.safetensors`.
    private static func isPlainName(_ name: String) -> Bool {
        name.hasSuffix(".safetensors") && !name.hasPrefix(".")
            && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x2F && $0 != 0x5C }
    }

    // MARK: Files

    private static func open(
        _ name: String, in folder: String, _ limits: SafetensorsHeader.Limits
    ) throws -> SafetensorsFile {
        let path = "\(folder)/\(name)"
        guard exists(path) else {
            throw SafetensorsError(
                .missingShard, path: folder, "the file \(name) is missing; download it")
        }
        guard let real = resolved(path), let realFolder = resolved(folder),
            allowedFolders(for: realFolder).contains(where: { real.hasPrefix($0 + "/") })
        else {
            throw SafetensorsError(
                .unsafeShardPath, path: folder,
                "\(name) is a link that leads out of the folder; copy the file into it")
        }
        return try SafetensorsFile(path: path, limits: limits)
    }

    /// The folder, and for `models--X/snapshots/REVISION` of a Hugging Face cache also
    /// `models--X/blobs`, where its links lead.
    private static func allowedFolders(for folder: String) -> [String] {
        var parts = folder.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count > 3, parts[parts.count - 2] == "snapshots",
            parts[parts.count - 3].hasPrefix("models--")
        else { return [folder] }
        parts.removeLast(2)
        return [folder, parts.joined(separator: "/") + "/blobs"]
    }

    private static func resolved(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }

    private static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    private static func noWeights(in folder: String) -> SafetensorsError {
        if let pickle = pickleNames.first(where: { exists("\(folder)/\($0)") }) {
            return SafetensorsError(
                .pickleOnly, path: folder,
                "the weights are only there as a pickle (\(pickle)), which can run any program "
                    + "when read and is refused; convert it where you trust it: "
                    + "`AutoModel.from_pretrained(folder).save_pretrained(folder)` in Python "
                    + "writes \(fileName)")
        }
        return SafetensorsError(
            .noWeights, path: folder, "there is neither \(fileName) nor \(indexName)")
    }
}
