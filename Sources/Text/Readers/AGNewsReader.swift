/// One news item of the AG News corpus.
public struct AGNewsExample: Hashable, Sendable {
    /// `title + " " + description`, as they are in the file. Backslashes that stand for line
    /// breaks and remains of HTML such as `#36;` stay, as in TensorFlow Datasets.
    public let text: String
    /// 0 World, 1 Sports, 2 Business, 3 Science and technology: the file's class minus one.
    public let label: Int32

    public init(text: String, label: Int32) {
        self.text = text
        self.label = label
    }
}

/// Reads files in the layout of the AG News corpus: CSV rows of class (1 to 4), title and
/// description. A first row whose class is `Class Index`, `class` or `label` is a header.
///
/// Errors are ``CSVError``, with the row of a class that is no number from 1 to 4.
public struct AGNewsReader: AsyncSequence, Sendable {
    public typealias Element = AGNewsExample
    public typealias Failure = CSVError

    /// The names of the labels 0 to 3.
    public static let classNames = ["World", "Sports", "Business", "Sci/Tech"]

    private static let headerNames = ["class index", "class", "label"]

    private let reader: CSVReader
    private let fileName: String

    public init(path: String) {
        reader = CSVReader(path: path)
        fileName = path
    }

    /// Reads text in memory; `name` stands for the file in messages.
    public init(text: String, name: String = "text") {
        reader = CSVReader(text: text, name: name)
        fileName = name
    }

    /// All examples at once.
    public func readAll() throws(CSVError) -> [AGNewsExample] {
        let rows = try reader.rows()
        var examples: [AGNewsExample] = []
        var isFirst = true
        while let row = try rows.nextRow() {
            if let example = try example(row, isFirst: isFirst) { examples.append(example) }
            isFirst = false
        }
        guard !examples.isEmpty else { throw CSVError(.headerOnly, file: fileName) }
        return examples
    }

    /// The example in a row; `nil` for a header.
    private func example(
        _ row: CSVRow, isFirst: Bool
    ) throws(CSVError) -> AGNewsExample? {
        let position = row.positions[0]
        guard row.fields.count == 3 else {
            throw CSVError(
                .invalidValue(
                    column: "the row", value: row.fields.joined(separator: ","),
                    expected: "3 fields: class, title, description"),
                file: fileName, position: position)
        }
        let label = row.fields[0]
        if isFirst, Self.headerNames.contains(label.lowercased()) { return nil }
        guard label.utf8.count == 1, let digit = label.utf8.first, (0x31...0x34).contains(digit)
        else {
            throw CSVError(
                .invalidValue(column: "class", value: label, expected: "1, 2, 3 or 4"),
                file: fileName, position: position)
        }
        return AGNewsExample(
            text: row.fields[1] + " " + row.fields[2], label: Int32(digit - 0x31))
    }

    public func makeAsyncIterator() -> Iterator { Iterator(reader: self) }

    public struct Iterator: AsyncIteratorProtocol {
        private let reader: AGNewsReader
        private var rows: CSVReader.Iterator
        private var isFirst = true
        private var hasExamples = false
        private var isFinished = false

        fileprivate init(reader: AGNewsReader) {
            self.reader = reader
            rows = reader.reader.makeAsyncIterator()
        }

        public mutating func next(
            isolation actor: isolated (any Actor)? = #isolation
        ) async throws(CSVError) -> AGNewsExample? {
            guard !isFinished else { return nil }
            // Stays so if anything below throws.
            isFinished = true
            while let row = try await rows.next(isolation: actor) {
                let example = try reader.example(row, isFirst: isFirst)
                isFirst = false
                if let example {
                    isFinished = false
                    hasExamples = true
                    return example
                }
            }
            if !hasExamples { throw CSVError(.headerOnly, file: reader.fileName) }
            return nil
        }

        public mutating func next() async throws(CSVError) -> AGNewsExample? {
            try await next(isolation: nil)
        }
    }
}
