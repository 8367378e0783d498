/// A place in a text file. Lines end at LF, CRLF or CR; columns count Unicode scalars. Both
/// begin at 1, as editors count them; the byte offset begins at 0.
public struct CSVPosition: Hashable, Sendable {
    public var line: Int
    public var column: Int
    public var byteOffset: Int

    public init(line: Int, column: Int, byteOffset: Int) {
        self.line = line
        self.column = column
        self.byteOffset = byteOffset
    }

    static let start = CSVPosition(line: 1, column: 1, byteOffset: 0)
}

/// Why a CSV file was refused: what, in which file and where, and how to mend it.
public struct CSVError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Reason: Hashable, Sendable {
        case invalidOption(String)
        /// The file cannot be opened or read; the operating system's words.
        case unreadable(String)
        case isDirectory
        /// A pipe, socket or device: it cannot be read again for the next epoch.
        case notRegularFile
        case changedWhileReading
        case empty
        case headerOnly
        case missingColumn(name: String, columns: [String])
        case duplicateColumn(name: String, first: Int, second: Int)
        case raggedRow(received: Int, expected: Int)
        case unclosedQuote
        case quoteInsideField
        case textAfterQuote
        case nul
        case invalidUTF8(byte: UInt8)
        case fieldTooLong(limit: Int)
        case tooManyFields(limit: Int)
        /// A field that does not mean what its column needs.
        case invalidValue(column: String, value: String, expected: String)
    }

    public let reason: Reason
    public let file: String
    /// Where in the file; `nil` if the file as a whole is refused.
    public let position: CSVPosition?

    public init(_ reason: Reason, file: String, position: CSVPosition? = nil) {
        self.reason = reason
        self.file = file
        self.position = position
    }

    /// `file:line:column: reason`.
    public var description: String {
        guard let position else { return "\(file): \(message)" }
        return "\(file):\(position.line):\(position.column): \(message)"
    }

    private var message: String {
        switch reason {
        case .invalidOption(let text): return text
        case .unreadable(let words): return "cannot read the file: \(words)"
        case .isDirectory: return "this is a directory, expected a CSV file"
        case .notRegularFile:
            return "this is a pipe or a device, which cannot be read once per epoch; "
                + "write it to a file first"
        case .changedWhileReading:
            return "the file changed while it was read; start again when nothing writes to it"
        case .empty: return "the file is empty, expected rows"
        case .headerOnly: return "the file has a header but no rows"
        case .missingColumn(let name, let columns):
            guard !columns.isEmpty else {
                return "there is no column \(quoted(name)), because the file is read without a "
                    + "header; set hasHeader"
            }
            return "there is no column \(quoted(name)); the header has "
                + columns.map { quoted($0) }.joined(separator: ", ")
        case .duplicateColumn(let name, let first, let second):
            return "column \(quoted(name)) is in the header twice, as fields \(first) and "
                + "\(second); rename one"
        case .raggedRow(let received, let expected):
            return "the row has \(fields(received)), expected \(expected) as in the first row"
        case .unclosedQuote:
            return "the quote opened here is never closed; a quote inside a quoted field "
                + "is written twice (\"\")"
        case .quoteInsideField:
            return "a quote inside a field that does not begin with one; put the whole field "
                + "in quotes and write the inner quote twice (\"\")"
        case .textAfterQuote:
            return "text after the closing quote of a field; a quote inside a quoted field "
                + "is written twice (\"\")"
        case .nul:
            return "byte \(offset) is NUL, so this is no text file; "
                + "save it as UTF-8 (UTF-16 has NUL bytes)"
        case .invalidUTF8(let byte):
            let hex = String(byte, radix: 16, uppercase: true)
            return "byte \(offset) (0x\(hex)) is not valid UTF-8; save the file as UTF-8"
        case .fieldTooLong(let limit):
            return "the field is longer than \(limit) bytes; "
                + "look for an unclosed quote, or raise maximumFieldByteCount"
        case .tooManyFields(let limit):
            return "the row has more than \(fields(limit)); "
                + "look at the delimiter, or raise maximumFieldCount"
        case .invalidValue(let column, let value, let expected):
            return "\(column) is \(quoted(value)), expected \(expected)"
        }
    }

    private var offset: Int { position?.byteOffset ?? 0 }

    private func fields(_ count: Int) -> String {
        count == 1 ? "1 field" : "\(count) fields"
    }
}
