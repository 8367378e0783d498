import MartletFiles
import MartletJSON

/// What a folder says it holds.
public enum HuggingFaceFolder {
    /// The `model_type` in the `config.json` of a folder: `bert`, `distilbert`, ….
    ///
    /// - Throws: `FileError` where it cannot be read, `JSONProblems` where it is no JSON or has no
    ///   such field.
    public static func modelType(_ folder: String) throws -> String {
        let fields = JSONFields(try document(folder), source: "\(folder)/config.json")
        let type = fields.string("model_type")
        try fields.finish()
        return type
    }

    /// The `config.json` of a folder.
    static func document(_ folder: String) throws -> JSONValue {
        let path = "\(folder)/config.json"
        let bytes = try ReadableFile.contents(of: path, limit: 16 << 20)
        do throws(JSONError) {
            return try JSONValue(parsing: bytes)
        } catch {
            throw JSONProblems(source: path, problems: ["\(error)"])
        }
    }
}
