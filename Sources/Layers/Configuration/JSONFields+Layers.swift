import MartletJSON

/// Fields that several layers have.
extension JSONFields {
    static let extents = 1...Int(Int32.max)

    var name: String? { optionalString("name") }

    func integers(_ key: String, in range: ClosedRange<Int>) -> [Int]? {
        guard let value = value(key) else { return nil }
        let elements = value.arrayValue ?? [value]
        let integers = elements.compactMap(\.integerValue).filter(range.contains)
        guard integers.count == elements.count else {
            report(key, "expected integers within \(range.lowerBound)...\(range.upperBound)")
            return nil
        }
        return integers
    }

    func axes(_ key: String) -> [Int]? { integers(key, in: -64...64) }

    func activation(_ key: String) -> ActivationFunction {
        guard let value = value(key) else { return .linear }
        if let function = ActivationFunction(json: value) { return function }
        report(key, "is no activation function known here")
        return .linear
    }

    func initializer(_ key: String, default standIn: Initializer) -> Initializer {
        guard let value = value(key) else { return standIn }
        if let initializer = Initializer(json: value) { return initializer }
        report(key, "is no initializer known here")
        return standIn
    }

    func dataFormat(_ key: String) -> DataFormat {
        guard let name = optionalString(key) else { return .channelsLast }
        if let format = DataFormat(rawValue: name) { return format }
        report(key, "expected \"channels_last\" or \"channels_first\", found \"\(name)\"")
        return .channelsLast
    }
}

extension JSONValue {
    static func integers(_ values: [Int]) -> JSONValue {
        .array(values.map { .integer(Int64($0)) })
    }

    static func integer(_ value: Int) -> JSONValue { .integer(Int64(value)) }
}
