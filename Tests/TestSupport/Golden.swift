import Foundation

/// One file of `Tests/Goldens/data`: `GoldenFile<LayerGolden>.load("layers")`.
///
/// `Tests/Goldens/README.md` says what the files hold.
package struct GoldenFile<Case: Decodable & Sendable>: Decodable, Sendable {
    package let subject: String
    /// The versions of the libraries that made the file.
    package let madeBy: String
    package let cases: [Case]

    /// Reads the file of a subject.
    package static func load(_ subject: String) throws -> Self {
        let url = GoldenFiles.folder.appendingPathComponent(subject + ".json")
        let file = try GoldenFiles.decoder().decode(Self.self, from: Data(contentsOf: url))
        guard !file.cases.isEmpty else { throw GoldenError.noCases(subject: subject) }
        return file
    }
}

package enum GoldenError: Error {
    /// A test over no cases would pass without testing anything.
    case noCases(subject: String)
}

package enum GoldenFiles {
    /// `Tests/Goldens/data`, found from where this source file was compiled.
    package static var folder: URL {
        URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent()
            .deletingLastPathComponent()
            .appendingPathComponent("Goldens/data")
    }

    static func decoder() -> JSONDecoder {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return decoder
    }
}
