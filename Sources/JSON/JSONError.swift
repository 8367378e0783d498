/// Why bytes are not a JSON document, and where.
public struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong, and how to mend it.
    public let message: String
    /// Counted from 0.
    public let byteOffset: Int
    /// Counted from 1; lines end with a line feed.
    public let line: Int
    /// Counted from 1 in Unicode scalars.
    public let column: Int

    public init(message: String, byteOffset: Int, line: Int, column: Int) {
        self.message = message
        self.byteOffset = byteOffset
        self.line = line
        self.column = column
    }

    public var description: String {
        "JSON, line \(line), column \(column) (byte \(byteOffset)): \(message)"
    }
}

/// Bounds on what a parser accepts from an untrusted file.
///
/// A document of n bytes becomes a tree of at most about 32·n bytes, so `byteCount` bounds the
/// memory too.
public struct JSONLimits: Sendable {
    public var byteCount: Int
    /// Arrays and objects inside each other.
    public var depth: Int

    public init(byteCount: Int = 256 << 20, depth: Int = 128) {
        self.byteCount = byteCount
        self.depth = depth
    }
}

extension String {
    /// This text in double quotes with control characters, quotes and backslashes escaped, cut
    /// to `limit` scalars: how names from files appear in messages.
    package func quotedForMessage(limit: Int = 120) -> String {
        var text = "\""
        for (count, scalar) in unicodeScalars.enumerated() {
            if count == limit {
                text += "…"
                break
            }
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            default:
                switch scalar.properties.generalCategory {
                case .control, .format, .lineSeparator, .paragraphSeparator:
                    text += "\\u{\(String(scalar.value, radix: 16))}"
                default: text.unicodeScalars.append(scalar)
                }
            }
        }
        return text + "\""
    }
}
