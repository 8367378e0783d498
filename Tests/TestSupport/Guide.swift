import Foundation
import Testing

/// A page of the documentation, whose Swift code a test file holds and runs.
public struct Guide {
    /// Where the page is, below the package: `docs/data.md`.
    public let path: String

    public init(_ path: String) { self.path = path }

    /// Expects every line of the page's Swift code in a test file, but for indentation and
    /// comments.
    ///
    /// - Parameter minimumLineCount: fewer lines of code than this are a failure, so that a page
    ///   that was moved or rewritten does not pass unseen.
    public func expectCode(
        isIn file: String = #filePath, minimumLineCount: Int,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let page = try String(contentsOf: Self.root.appendingPathComponent(path), encoding: .utf8)
        let tested = try String(contentsOf: URL(fileURLWithPath: file), encoding: .utf8)
        let lines = Set(tested.split(separator: "\n").map(Self.code))
        var isCode = false
        var count = 0
        for line in page.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("```") {
                isCode = line == "```swift"
            } else if isCode {
                count += 1
                let isTested = lines.contains(Self.code(of: line)) || Self.code(of: line).isEmpty
                #expect(
                    isTested, "\(path): not in its test: \(line)", sourceLocation: sourceLocation)
            }
        }
        #expect(count >= minimumLineCount, "\(path)", sourceLocation: sourceLocation)
    }

    private static var root: URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
    }

    /// A line without indentation and comment.
    private static func code(of line: Substring) -> String {
        let code = line.range(of: " //").map { line[..<$0.lowerBound] } ?? line
        return code.trimmingCharacters(in: .whitespaces)
    }
}
