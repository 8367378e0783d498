/// How a CSV file is read. The format is RFC 4180: fields are separated by a delimiter, a field
/// in double quotes may hold delimiters, line breaks and quotes (written twice).
public struct CSVOptions: Hashable, Sendable {
    /// Whether the first row names the columns.
    public var hasHeader: Bool
    /// Columns that the header must have.
    public var requiredColumns: [String]
    /// An ASCII character, by default a comma.
    public var delimiter: Unicode.Scalar
    public var maximumFieldByteCount: Int
    public var maximumFieldCount: Int

    public init(
        hasHeader: Bool = false,
        requiredColumns: [String] = [],
        delimiter: Unicode.Scalar = ",",
        maximumFieldByteCount: Int = 1 << 20,
        maximumFieldCount: Int = 4096
    ) {
        self.hasHeader = hasHeader || !requiredColumns.isEmpty
        self.requiredColumns = requiredColumns
        self.delimiter = delimiter
        self.maximumFieldByteCount = maximumFieldByteCount
        self.maximumFieldCount = maximumFieldCount
    }

    func validate(for file: String) throws(CSVError) {
        guard delimiter.isASCII, !"\"\r\n\0".unicodeScalars.contains(delimiter) else {
            throw CSVError(
                .invalidOption(
                    "the delimiter is \(quoted(String(delimiter))), expected one ASCII character "
                        + "other than a quote or a line break"),
                file: file)
        }
        guard maximumFieldByteCount > 0, maximumFieldCount > 0 else {
            throw CSVError(
                .invalidOption(
                    "the limits are \(maximumFieldByteCount) bytes and \(maximumFieldCount) "
                        + "fields, expected positive numbers"),
                file: file)
        }
    }
}
