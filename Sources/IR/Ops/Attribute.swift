/// One named attribute of an op in the textual IR: `axis = 1`.
public struct Attribute: Hashable, Sendable {
    public var name: String
    public var value: AttributeValue

    public init(_ name: String, _ value: AttributeValue) {
        self.name = name
        self.value = value
    }
}

public enum AttributeValue: Hashable, Sendable {
    case integer(Int)
    case integers([Int])
    case number(Double)
    case numbers([Double])
    case boolean(Bool)
    /// A bare word: an enumeration case or a dtype.
    case word(String)
    /// Quoted text.
    case text(String)
    case shape(Shape)
}

extension AttributeValue: CustomStringConvertible {
    public var description: String {
        switch self {
        case .integer(let value): "\(value)"
        case .integers(let values): "(" + values.map(String.init).joined(separator: ", ") + ")"
        case .number(let value): value.irText
        case .numbers(let values): "{" + values.map(\.irText).joined(separator: ", ") + "}"
        case .boolean(let value): "\(value)"
        case .word(let word): word
        case .text(let text): text.irQuoted
        case .shape(let shape): shape.description
        }
    }
}

extension Double {
    /// The shortest text that reads back to the same number; always with a point, an exponent
    /// or a letter, so that it never reads back as an integer.
    var irText: String {
        // Its bits tell one NaN from another, so an unusual one prints them.
        if isNaN {
            return bitPattern == Double.nan.bitPattern
                ? "nan" : "nan(0x\(String(bitPattern, radix: 16)))"
        }
        if isInfinite { return self < 0 ? "-inf" : "inf" }
        return description
    }
}

extension String {
    /// In double quotes, with `\"`, `\\`, `\n` and `\u{…}` for what would not survive.
    var irQuoted: String {
        var text = "\""
        for scalar in unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                text += "\\u{\(String(scalar.value, radix: 16))}"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }
}
