import MartletFiles
import MartletJSON

/// Why a safetensors file, or a set of them, is refused.
public struct SafetensorsError: Error, Hashable, Sendable, CustomStringConvertible {
    /// One code per fault; the raw values never change.
    public enum Code: String, Sendable, CaseIterable {
        case fileTooShort = "safetensors.file-too-short"
        case headerTooLong = "safetensors.header-too-long"
        case headerBeyondFile = "safetensors.header-beyond-file"
        case headerNotObject = "safetensors.header-not-object"
        case headerSyntax = "safetensors.header-syntax"
        case duplicateTensor = "safetensors.duplicate-tensor"
        case duplicateField = "safetensors.duplicate-field"
        case missingField = "safetensors.missing-field"
        case unknownField = "safetensors.unknown-field"
        case unknownDType = "safetensors.unknown-dtype"
        case invalidDimension = "safetensors.invalid-dimension"
        case sizeOverflow = "safetensors.size-overflow"
        case invalidOffsets = "safetensors.invalid-offsets"
        case reversedOffsets = "safetensors.reversed-offsets"
        case offsetsBeyondFile = "safetensors.offsets-beyond-file"
        case sizeMismatch = "safetensors.size-mismatch"
        case overlap = "safetensors.overlap"
        case hole = "safetensors.hole"
        case trailingBytes = "safetensors.trailing-bytes"
        case invalidMetadata = "safetensors.invalid-metadata"
        case metadataTooLong = "safetensors.metadata-too-long"
        case noSuchTensor = "safetensors.no-such-tensor"
        case wrongDestination = "safetensors.wrong-destination"
        case notConvertible = "safetensors.not-convertible"
        case nonFinite = "safetensors.non-finite"
        case wrongContents = "safetensors.wrong-contents"
        case invalidIndex = "safetensors.invalid-index"
        case unsafeShardPath = "safetensors.unsafe-shard-path"
        case missingShard = "safetensors.missing-shard"
        case pickleOnly = "safetensors.pickle-only"
        case noWeights = "safetensors.no-weights"
    }

    public let code: Code
    /// The file or folder; empty for bytes in memory.
    public let path: String
    /// What is wrong, where, and how to mend it.
    public let message: String

    public init(_ code: Code, path: String = "", _ message: String) {
        self.code = code
        self.path = path
        self.message = message
    }

    public var description: String { path.isEmpty ? message : "\(path): \(message)" }

    func at(_ path: String) -> SafetensorsError { SafetensorsError(code, path: path, message) }
}
