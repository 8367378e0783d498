/// Everything that is wrong with a document, found in one pass.
public struct JSONProblems: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file, for the message.
    public let source: String
    /// One sentence each, beginning with the path of the field.
    public let problems: [String]

    public init(source: String, problems: [String]) {
        self.source = source
        self.problems = problems
    }

    public var description: String {
        let noun = problems.count == 1 ? "problem" : "problems"
        return "\(source): \(problems.count) \(noun)"
            + problems.map { "\n  - \($0)" }.joined()
    }
}

/// Reads typed fields of an object and collects what is wrong instead of stopping at the first.
///
/// A field with a problem yields a stand-in value (its default, or the least value allowed), so
/// reading goes on; `finish()` then throws the whole list.
///
/// ```swift
/// let config = JSONFields(document, source: "config.json")
/// let size = config.integer("hidden_size", in: 1...65_536)
/// let layers = config.integer("num_hidden_layers", in: 1...1_000)
/// let dropout = config.number("hidden_dropout_prob", in: 0...1, default: 0.1)
/// try config.finish()
/// ```
///
/// A field that is `null` counts as absent, as in Hugging Face's files.
public struct JSONFields {
    /// The list that all parts of one document share.
    private final class Collector {
        var problems: [String] = []
    }

    public let object: JSONObject
    public let source: String
    private let path: String
    private let collector: Collector

    /// The fields of `value`; a problem if that is no object.
    public init(_ value: JSONValue, source: String) {
        self.init(value, path: "", source: source, collector: Collector())
    }

    private init(_ value: JSONValue, path: String, source: String, collector: Collector) {
        self.source = source
        self.collector = collector
        self.path = path
        object = value.objectValue ?? JSONObject()
        if value.objectValue == nil {
            let name = path.isEmpty ? "the document" : path
            collector.problems.append("\(name): expected an object, found \(value.kind)")
        }
    }

    /// Adds a problem of the caller's own about `key`.
    public func report(_ key: String, _ problem: String) {
        collector.problems.append("\(pathed(key)): \(problem)")
    }

    /// Problems found so far.
    public var problems: [String] { collector.problems }

    /// Throws what was found, if anything.
    public func finish() throws(JSONProblems) {
        if !collector.problems.isEmpty {
            throw JSONProblems(source: source, problems: collector.problems)
        }
    }

    /// Whether the field is there and not `null`.
    public func has(_ key: String) -> Bool { value(key) != nil }

    /// The field as it is; `nil` if absent or `null`.
    public func value(_ key: String) -> JSONValue? {
        guard let value = object[key], value != .null else { return nil }
        return value
    }

    // MARK: Fields that must be there

    public func integer(_ key: String, in range: ClosedRange<Int>) -> Int {
        required(key, "an integer", standIn: range.lowerBound) { checked($0, key, in: range) }
    }

    public func number(_ key: String, in range: ClosedRange<Double>) -> Double {
        required(key, "a number", standIn: range.lowerBound) { checked($0, key, in: range) }
    }

    public func bool(_ key: String) -> Bool {
        required(key, "a boolean", standIn: false) { typed($0, key, "a boolean", \.boolValue) }
    }

    public func string(_ key: String) -> String {
        required(key, "a string", standIn: "") { typed($0, key, "a string", \.stringValue) }
    }

    public func array(_ key: String) -> [JSONValue] {
        required(key, "an array", standIn: []) { typed($0, key, "an array", \.arrayValue) }
    }

    /// The fields of the object under `key`.
    public func fields(_ key: String) -> JSONFields {
        guard let value = value(key) else {
            report(key, "is missing; expected an object")
            return part(.object(JSONObject()), key)
        }
        return part(value, key)
    }

    // MARK: Fields that may be absent

    public func integer(_ key: String, in range: ClosedRange<Int>, default standIn: Int) -> Int {
        optionalInteger(key, in: range) ?? standIn
    }

    public func number(
        _ key: String, in range: ClosedRange<Double>, default standIn: Double
    ) -> Double {
        optionalNumber(key, in: range) ?? standIn
    }

    public func bool(_ key: String, default standIn: Bool) -> Bool {
        value(key).flatMap { typed($0, key, "a boolean", \.boolValue) } ?? standIn
    }

    public func string(_ key: String, default standIn: String) -> String {
        optionalString(key) ?? standIn
    }

    public func optionalInteger(_ key: String, in range: ClosedRange<Int>) -> Int? {
        value(key).flatMap { checked($0, key, in: range) }
    }

    public func optionalNumber(_ key: String, in range: ClosedRange<Double>) -> Double? {
        value(key).flatMap { checked($0, key, in: range) }
    }

    public func optionalString(_ key: String) -> String? {
        value(key).flatMap { typed($0, key, "a string", \.stringValue) }
    }

    public func optionalArray(_ key: String) -> [JSONValue]? {
        value(key).flatMap { typed($0, key, "an array", \.arrayValue) }
    }

    public func optionalFields(_ key: String) -> JSONFields? {
        value(key).map { part($0, key) }
    }

    /// The fields of each object in the array under `key`; none if absent.
    public func list(_ key: String) -> [JSONFields] {
        (optionalArray(key) ?? []).enumerated().map { part($1, "\(key)[\($0)]") }
    }

    // MARK: Checks

    private func part(_ value: JSONValue, _ key: String) -> JSONFields {
        JSONFields(value, path: pathed(key), source: source, collector: collector)
    }

    private func pathed(_ key: String) -> String {
        let name = key.quotedForMessage().dropFirst().dropLast()
        return path.isEmpty ? String(name) : "\(path).\(name)"
    }

    private func required<Value>(
        _ key: String, _ kind: String, standIn: Value, _ read: (JSONValue) -> Value?
    ) -> Value {
        guard let value = value(key) else {
            let state = object[key] == nil ? "missing" : "null"
            report(key, "is \(state); expected \(kind)")
            return standIn
        }
        return read(value) ?? standIn
    }

    private func typed<Value>(
        _ value: JSONValue, _ key: String, _ kind: String, _ read: (JSONValue) -> Value?
    ) -> Value? {
        let result = read(value)
        if result == nil { report(key, "expected \(kind), found \(value.kind)") }
        return result
    }

    private func checked(_ value: JSONValue, _ key: String, in range: ClosedRange<Int>) -> Int? {
        if case .largeInteger(let digits) = value {
            report(key, "\(digits) is outside \(range.lowerBound)...\(range.upperBound)")
            return nil
        }
        guard let number = typed(value, key, "an integer", \.integerValue) else { return nil }
        if range.contains(number) { return number }
        report(key, "\(number) is outside \(range.lowerBound)...\(range.upperBound)")
        return nil
    }

    private func checked(
        _ value: JSONValue, _ key: String, in range: ClosedRange<Double>
    ) -> Double? {
        guard let number = typed(value, key, "a number", \.doubleValue) else { return nil }
        if range.contains(number) { return number }
        report(key, "\(number) is outside \(range.lowerBound)...\(range.upperBound)")
        return nil
    }
}
