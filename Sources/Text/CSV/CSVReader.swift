/// Reads a CSV file row by row in bounded memory.
///
/// ```swift
/// let reader = CSVReader(path: "news.csv", options: .init(requiredColumns: ["class", "title"]))
/// for try await row in reader {
///     print(row["title"] ?? "")
/// }
/// ```
/// Each iteration opens the file anew. All rows must have as many fields as the first. The file
/// must be well-formed UTF-8 without NUL; nothing is replaced silently. Every refusal is a
/// ``CSVError`` with file, line and column; rows before it have been delivered.
public struct CSVReader: AsyncSequence, Sendable {
    public typealias Element = CSVRow
    public typealias Failure = CSVError

    private enum Source {
        case file(path: String)
        case memory(text: String, name: String)
    }

    private let source: Source
    public let options: CSVOptions

    public init(path: String, options: CSVOptions = .init()) {
        source = .file(path: path)
        self.options = options
    }

    /// Reads text in memory; `name` stands for the file in messages.
    public init(text: String, name: String = "text", options: CSVOptions = .init()) {
        source = .memory(text: text, name: name)
        self.options = options
    }

    /// Opens the file and reads its header, if it has one.
    ///
    /// - Throws: ``CSVError`` if the file cannot be read, is empty, is a directory or a pipe, or
    ///   its header lacks or repeats a column.
    public func rows() throws(CSVError) -> CSVRows {
        switch source {
        case .file(let path): try CSVRows(ByteSource(path: path), options)
        case .memory(let text, let name): try CSVRows(ByteSource(text: text, name: name), options)
        }
    }

    /// All rows at once.
    public func readAll() throws(CSVError) -> [CSVRow] {
        let rows = try rows()
        var all: [CSVRow] = []
        while let row = try rows.nextRow() { all.append(row) }
        return all
    }

    public func makeAsyncIterator() -> Iterator { Iterator(reader: self) }

    /// Opens the file at the first `next()`.
    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let reader: CSVReader
        private var rows: CSVRows?
        private var isFinished = false

        fileprivate init(reader: CSVReader) { self.reader = reader }

        public mutating func next(
            isolation actor: isolated (any Actor)? = #isolation
        ) async throws(CSVError) -> CSVRow? {
            guard !isFinished else { return nil }
            do throws(CSVError) {
                if rows == nil { rows = try reader.rows() }
                let row = try rows?.nextRow()
                isFinished = row == nil
                return row
            } catch {
                isFinished = true
                throw error
            }
        }

        public mutating func next() async throws(CSVError) -> CSVRow? {
            try await next(isolation: nil)
        }
    }
}

/// The rows of an open CSV file, one by one. As a sequence, each element is a row or, at the
/// end, the error that stopped the reading.
public final class CSVRows: Sequence, IteratorProtocol {
    /// The names in the header; empty without one.
    public let columns: [String]

    private var parser: CSVParser
    private let fileName: String
    private var isFinished = false
    private var hasRows = false

    init(_ source: ByteSource, _ options: CSVOptions) throws(CSVError) {
        fileName = source.name
        try options.validate(for: source.name)
        parser = CSVParser(source, options)
        guard options.hasHeader else {
            columns = []
            return
        }
        guard let header = try parser.row() else {
            throw CSVError(.empty, file: fileName)
        }
        columns = header.fields
        parser.fieldCount = columns.count
        try Self.check(header, options, fileName)
    }

    private static func check(
        _ header: (fields: [String], positions: [CSVPosition]), _ options: CSVOptions,
        _ fileName: String
    ) throws(CSVError) {
        // Names are compared by their bytes, as they are when a column is looked up.
        let names = header.fields.map { Array($0.utf8) }
        var first: [[UInt8]: Int] = [:]
        for (index, name) in names.enumerated() {
            if let earlier = first.updateValue(index, forKey: name) {
                throw CSVError(
                    .duplicateColumn(
                        name: header.fields[index], first: earlier + 1, second: index + 1),
                    file: fileName, position: header.positions[index])
            }
        }
        for name in options.requiredColumns where first[Array(name.utf8)] == nil {
            throw CSVError(
                .missingColumn(name: name, columns: header.fields), file: fileName,
                position: header.positions[0])
        }
    }

    /// The next row; `nil` at the end, and after an error.
    public func nextRow() throws(CSVError) -> CSVRow? {
        guard !isFinished else { return nil }
        // Stays so if anything below throws.
        isFinished = true
        guard let row = try parser.row() else {
            if hasRows { return nil }
            throw CSVError(columns.isEmpty ? .empty : .headerOnly, file: fileName)
        }
        let expected = parser.fieldCount ?? row.fields.count
        guard row.fields.count == expected else {
            throw CSVError(
                .raggedRow(received: row.fields.count, expected: expected), file: fileName,
                position: row.positions[0])
        }
        parser.fieldCount = expected
        hasRows = true
        isFinished = false
        return CSVRow(
            fields: row.fields, positions: row.positions, columns: columns, file: fileName)
    }

    public func next() -> Result<CSVRow, CSVError>? {
        do throws(CSVError) {
            return try nextRow().map { .success($0) }
        } catch {
            return .failure(error)
        }
    }
}
