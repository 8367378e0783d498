import Foundation
import Testing

/// Runs the built `martlet` as a user does.
struct CommandLine {
    struct Result {
        let exitCode: Int32
        let output: String
        let errors: String

        /// The last line of standard error, where the message of a failure stands.
        var message: String { errors.split(separator: "\n").last.map(String.init) ?? "" }
    }

    /// Beside the test program, where the package manager puts both.
    static var executable: URL {
        get throws {
            let path = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
            let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
            let executable = folder.appendingPathComponent("martlet")
            try #require(FileManager.default.isExecutableFile(atPath: executable.path))
            return executable
        }
    }

    static func run(_ arguments: String..., input: String = "") throws -> Result {
        try run(arguments, input: input)
    }

    /// Runs a command to its end.
    ///
    /// - Parameters:
    ///   - input: what it reads from standard input.
    ///   - whileRunning: called once the process has started, with its id and the file that
    ///     receives its standard error.
    static func run(
        _ arguments: [String], input: String = "", in folder: URL? = nil,
        whileRunning: (Int32, URL) throws -> Void = { _, _ in }
    ) throws -> Result {
        let files = try TemporaryFolder()
        let (output, errors) = (files.url("output"), files.url("errors"))
        let source = files.url("input")
        try Data(input.utf8).write(to: source)
        for file in [output, errors] { try Data().write(to: file) }
        let process = Process()
        process.executableURL = try executable
        process.arguments = arguments
        process.currentDirectoryURL = folder
        // Files, not pipes: a full pipe would stop the process.
        process.standardInput = try FileHandle(forReadingFrom: source)
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: errors)
        try process.run()
        try whileRunning(process.processIdentifier, errors)
        process.waitUntilExit()
        return Result(
            exitCode: process.terminationStatus,
            output: String(decoding: try Data(contentsOf: output), as: UTF8.self),
            errors: String(decoding: try Data(contentsOf: errors), as: UTF8.self))
    }
}

/// A folder that goes with its owner.
final class TemporaryFolder: Sendable {
    let root: URL

    init() throws {
        root = FileManager.default.temporaryDirectory
            .appendingPathComponent("martlet-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: root) }

    func url(_ name: String) -> URL { root.appendingPathComponent(name) }

    func path(_ name: String) -> String { url(name).path }
}
