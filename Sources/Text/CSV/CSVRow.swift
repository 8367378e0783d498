/// One row of a CSV file.
public struct CSVRow: Hashable, Sendable {
    /// The fields as they are in the file, without the enclosing quotes.
    public let fields: [String]
    /// Where each field begins.
    public let positions: [CSVPosition]
    /// The names of the fields, if the file has a header; otherwise empty.
    public let columns: [String]
    /// The file, as it is named in messages.
    public let file: String

    /// The field in this column, or `nil` if the header does not name it.
    public subscript(_ column: String) -> String? {
        index(of: column).map { fields[$0] }
    }

    /// The field in this column.
    ///
    /// - Throws: ``CSVError`` if the header does not name the column.
    public func string(_ column: String) throws(CSVError) -> String {
        fields[try requireIndex(of: column)]
    }

    /// The whole number in this column: digits with an optional sign, nothing else.
    ///
    /// - Throws: ``CSVError`` with the field's place if it is no such number, or not in `range`.
    public func integer(
        _ column: String, in range: ClosedRange<Int> = .min ... .max
    ) throws(CSVError) -> Int {
        let index = try requireIndex(of: column)
        guard let value = Int(fields[index]), range.contains(value) else {
            let expected =
                range == .min ... .max
                ? "a whole number"
                : "a whole number from \(range.lowerBound) to \(range.upperBound)"
            throw invalid(column, index, expected: expected)
        }
        return value
    }

    /// The number in this column, with a decimal point in every locale.
    ///
    /// - Throws: ``CSVError`` with the field's place if it is no number, or one that is beyond
    ///   a `Float`, such as `1e50`.
    public func float(_ column: String) throws(CSVError) -> Float {
        let index = try requireIndex(of: column)
        guard let value = Float(fields[index]) else {
            throw invalid(column, index, expected: "a number with a decimal point")
        }
        guard value.isFinite else {
            throw invalid(column, index, expected: "a number up to ±3.4e38")
        }
        return value
    }

    private func index(of column: String) -> Int? {
        columns.firstIndex { $0.utf8.elementsEqual(column.utf8) }
    }

    private func requireIndex(of column: String) throws(CSVError) -> Int {
        guard let index = index(of: column) else {
            throw CSVError(
                .missingColumn(name: column, columns: columns), file: file,
                position: positions.first)
        }
        return index
    }

    private func invalid(_ column: String, _ index: Int, expected: String) -> CSVError {
        CSVError(
            .invalidValue(column: column, value: fields[index], expected: expected), file: file,
            position: positions[index])
    }
}
