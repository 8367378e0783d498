/// Reads the attributes of one op of the textual IR: each is asked for by name and type, and what
/// nobody asked for is an error.
public struct AttributeReader {
    /// The op's name in the text: one struct may read several (`add`, `multiply`).
    let op: String
    private var values: [String: AttributeValue]

    init(op: String, _ attributes: [Attribute]) throws {
        self.op = op
        values = [:]
        for attribute in attributes {
            guard values.updateValue(attribute.value, forKey: attribute.name) == nil else {
                throw TypeMismatch("attribute \(attribute.name) is given twice")
            }
        }
    }

    private mutating func take(_ name: String) throws -> AttributeValue {
        guard let value = values.removeValue(forKey: name) else {
            throw TypeMismatch("attribute \(name) is missing; write \(name) = …")
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

    /// The attributes `dtype` and `shape` together.
    mutating func type() throws -> TensorType {
        TensorType(try word("dtype"), try shape("shape"))
    }

    /// The op's own name as a case of an enumeration.
    func opName<Word: RawRepresentable>() throws -> Word where Word.RawValue == String {
        guard let word = Word(rawValue: op) else { throw TypeMismatch("\(op) is no op") }
        return word
    }

    /// Throws if an attribute is left that no one asked for.
    func finish() throws {
        if let name = values.keys.min() {
            throw TypeMismatch("attribute \(name) is unknown to this op; remove it")
        }
    }

    private func wrong(_ name: String, _ expected: String) -> TypeMismatch {
        TypeMismatch("attribute \(name): expected \(expected)")
    }
}

/// Attributes a writer may leave out. The printer never does.
extension AttributeReader {
    mutating func integer(_ name: String, default value: Int) throws -> Int {
        values[name] == nil ? value : try integer(name)
    }

    mutating func number(_ name: String, default value: Double) throws -> Double {
        values[name] == nil ? value : try number(name)
    }

    mutating func boolean(_ name: String, default value: Bool) throws -> Bool {
        values[name] == nil ? value : try boolean(name)
    }

    mutating func word<Word: RawRepresentable & CaseIterable>(
        _ name: String, default value: Word
    ) throws -> Word where Word.RawValue == String {
        values[name] == nil ? value : try word(name)
    }

    mutating func shapeIfPresent(_ name: String) throws -> Shape? {
        values[name] == nil ? nil : try shape(name)
    }

    mutating func integersIfPresent(_ name: String) throws -> [Int]? {
        values[name] == nil ? nil : try integers(name)
    }
}
