extension JSONValue {
    /// How the writer lays a document out.
    public enum Layout: Sendable {
        /// No space at all.
        case compact
        /// One member a line, two spaces a level, as Hugging Face saves its files.
        case indented
    }

    /// This value as UTF-8: keys in their order, the shortest digits that read back to the same
    /// double, only `"`, `\` and control characters escaped.
    ///
    /// JSON has no NaN nor infinity; they become `null`, as in ECMAScript.
    public func serialized(_ layout: Layout = .compact) -> [UInt8] {
        var writer = JSONWriter(isIndented: layout == .indented)
        writer.append(self)
        return writer.bytes
    }

    /// `serialized(_:)` as a string.
    public func text(_ layout: Layout = .compact) -> String {
        String(decoding: serialized(layout), as: UTF8.self)
    }
}

extension JSONValue: CustomStringConvertible {
    public var description: String { text() }
}

/// Appends JSON to bytes; also used piecemeal where a tree would be too large.
package struct JSONWriter {
    package var bytes: [UInt8] = []
    private let isIndented: Bool
    private var level = 0

    package init(isIndented: Bool = false) { self.isIndented = isIndented }

    package mutating func append(_ value: JSONValue) {
        switch value {
        case .null: append("null")
        case .bool(let value): append(value ? "true" : "false")
        case .integer(let value): append(String(value))
        case .largeInteger(let digits): append(digits)
        case .number(let value): append(value.isFinite ? value.description : "null")
        case .string(let text): appendQuoted(text)
        case .array(let values):
            appendList(values, open: "[", close: "]") { $0.append($1) }
        case .object(let object):
            appendList(object.members, open: "{", close: "}") { writer, member in
                writer.appendQuoted(member.key)
                writer.append(writer.isIndented ? ": " : ":")
                writer.append(member.value)
            }
        }
    }

    package mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

    package mutating func appendQuoted(_ text: String) {
        bytes.append(0x22)
        for byte in text.utf8 {
            switch byte {
            case 0x22: append("\\\"")
            case 0x5C: append("\\\\")
            case 0x0A: append("\\n")
            case 0x0D: append("\\r")
            case 0x09: append("\\t")
            case 0x08: append("\\b")
            case 0x0C: append("\\f")
            case 0..<0x20: append(byte < 16 ? "\\u000" : "\\u00", hexadecimal: byte)
            default: bytes.append(byte)
            }
        }
        bytes.append(0x22)
    }

    private mutating func append(_ prefix: String, hexadecimal byte: UInt8) {
        append(prefix)
        append(String(byte, radix: 16))
    }

    private mutating func appendList<Element>(
        _ elements: [Element], open: String, close: String,
        _ appendElement: (inout JSONWriter, Element) -> Void
    ) {
        append(open)
        level += 1
        for (position, element) in elements.enumerated() {
            if position > 0 { append(",") }
            appendLineBreak()
            appendElement(&self, element)
        }
        level -= 1
        if !elements.isEmpty { appendLineBreak() }
        append(close)
    }

    private mutating func appendLineBreak() {
        guard isIndented else { return }
        bytes.append(0x0A)
        bytes.append(contentsOf: repeatElement(0x20, count: 2 * level))
    }
}
