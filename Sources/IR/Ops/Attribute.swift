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
        if isNaN { return "nan" }
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

/// Reads the attributes of one op in the parser: each is asked for by name and type, and what
/// nobody asked for is an error.
struct AttributeReader {
    private var values: [String: AttributeValue]

    init(_ attributes: [Attribute]) throws {
        values = [:]
        for attribute in attributes {
            guard values.updateValue(attribute.value, forKey: attribute.name) == nil else {
                throw TypeMismatch("attribute \(attribute.name) is given twice")
            }
        }
    }

    mutating func take(_ name: String) throws -> AttributeValue {
        guard let value = values.removeValue(forKey: name) else {
            throw TypeMismatch("attribute \(name) is missing")
        }
        return value
    }

    mutating func integer(_ name: String) throws -> Int {
        if case .integer(let value) = try take(name) { return value }
        throw wrong(name, "an integer")
    }

    mutating func integers(_ name: String) throws -> [Int] {
        if case .integers(let value) = try take(name) { return value }
        throw wrong(name, "integers in parentheses")
    }

    mutating func number(_ name: String) throws -> Double {
        switch try take(name) {
        case .number(let value): return value
        case .integer(let value): return Double(value)
        default: throw wrong(name, "a number")
        }
    }

    mutating func numbers(_ name: String) throws -> [Double] {
        if case .numbers(let value) = try take(name) { return value }
        throw wrong(name, "numbers in braces")
    }

    mutating func boolean(_ name: String) throws -> Bool {
        if case .boolean(let value) = try take(name) { return value }
        throw wrong(name, "true or false")
    }

    mutating func text(_ name: String) throws -> String {
        if case .text(let value) = try take(name) { return value }
        throw wrong(name, "quoted text")
    }

    mutating func shape(_ name: String) throws -> Shape {
        if case .shape(let value) = try take(name) { return value }
        throw wrong(name, "a shape in brackets")
    }

    /// A bare word that names a case of an enumeration.
    mutating func word<Word: RawRepresentable & CaseIterable>(
        _ name: String, as type: Word.Type = Word.self
    ) throws -> Word where Word.RawValue == String {
        let known = Word.allCases.map(\.rawValue).joined(separator: ", ")
        guard case .word(let text) = try take(name) else {
            throw wrong(name, "one of \(known)")
        }
        guard let word = Word(rawValue: text) else {
            throw TypeMismatch("attribute \(name): \(text) is not one of \(known)")
        }
        return word
    }

    /// Throws if an attribute is left that no one asked for.
    func finish() throws {
        if let name = values.keys.min() {
            throw TypeMismatch("attribute \(name) is unknown to this op")
        }
    }

    private func wrong(_ name: String, _ expected: String) -> TypeMismatch {
        TypeMismatch("attribute \(name): expected \(expected)")
    }
}
