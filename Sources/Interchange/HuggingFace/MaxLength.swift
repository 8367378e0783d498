import MartletFiles
import MartletJSON

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Where a folder's tokenizer cuts texts: `model_max_length` of `tokenizer_config.json`.
extension HuggingFaceFolder {
    /// - Returns: nil where it is not said; Hugging Face then writes a number of 31 digits.
    /// - Throws: `FileError` or `JSONProblems` where the file cannot be read.
    public static func maxLength(_ folder: String) throws -> Int? {
        let value = try tokenizerSettings(folder)["model_max_length"]
        return value?.integerValue.flatMap { (1...Int(Int32.max)).contains($0) ? $0 : nil }
    }

    /// Writes it, beside the other settings.
    static func setMaxLength(_ length: Int, of folder: String) throws {
        var settings = try tokenizerSettings(folder)
        settings["model_max_length"] = .integer(Int64(length))
        let json = JSONValue.object(settings).serialized(.indented)
        try AtomicFile.write(json + [0x0A], to: path(folder))
    }

    private static func path(_ folder: String) -> String { "\(folder)/tokenizer_config.json" }

    private static func tokenizerSettings(_ folder: String) throws -> JSONObject {
        let path = path(folder)
        guard access(path, F_OK) == 0 else { return JSONObject() }
        let bytes = try ReadableFile.contents(of: path, limit: 64 << 20)
        do throws(JSONError) {
            return try JSONValue(parsing: bytes).objectValue ?? JSONObject()
        } catch {
            throw JSONProblems(source: path, problems: ["\(error)"])
        }
    }
}
