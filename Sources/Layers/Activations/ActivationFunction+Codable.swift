import MartletJSON

/// By Keras's name, with parameters where these are not the defaults.
extension ActivationFunction: Codable {
    private struct Parameterized: Codable {
        var className: String
        var config: [String: Parameter]

        enum CodingKeys: String, CodingKey {
            case className = "class_name"
            case config
        }
    }

    private enum Parameter: Codable {
        case null
        case bool(Bool)
        case number(Double)

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if container.decodeNil() {
                self = .null
            } else if let value = try? container.decode(Bool.self) {
                self = .bool(value)
            } else {
                self = .number(try container.decode(Double.self))
            }
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .null: try container.encodeNil()
            case .bool(let value): try container.encode(value)
            case .number(let value): try container.encode(value)
            }
        }

        var json: JSONValue {
            switch self {
            case .null: .null
            case .bool(let value): .bool(value)
            case .number(let value):
                Int64(exactly: value).map { .integer($0) } ?? .number(value)
            }
        }
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let json: JSONValue
        if let name = try? container.decode(String.self) {
            json = .string(name)
        } else {
            let given = try container.decode(Parameterized.self)
            let config = given.config.map { (key: $0.key, value: $0.value.json) }
            json = [
                "class_name": .string(given.className), "config": .object(JSONObject(config)),
            ]
        }
        guard let function = ActivationFunction(json: json) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "no activation function known here")
        }
        self = function
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        let json = json
        guard let config = json["config"]?.objectValue else {
            try container.encode(name)
            return
        }
        var parameters: [String: Parameter] = [:]
        for member in config.members {
            let value = member.value
            parameters[member.key] =
                value.boolValue.map { .bool($0) } ?? value.doubleValue.map { .number($0) } ?? .null
        }
        try container.encode(Parameterized(className: name, config: parameters))
    }
}
