import MartletJSON

extension Initializer {
    /// Keras's form: `{"class_name": "GlorotUniform", "config": {}}`.
    package var json: JSONValue {
        let (name, config) = kerasForm
        return ["class_name": .string(name), "config": .object(config)]
    }

    private var kerasForm: (String, JSONObject) {
        if let named = Self.scaled.first(where: { $0.initializer == self }) {
            return (named.name, JSONObject())
        }
        switch self {
        case .zeros: return ("Zeros", JSONObject())
        case .ones: return ("Ones", JSONObject())
        case .constant(let value): return ("Constant", JSONObject([("value", .number(value))]))
        case .uniform(let minimum, let maximum):
            return (
                "RandomUniform",
                JSONObject([("minval", .number(minimum)), ("maxval", .number(maximum))])
            )
        case .normal(let mean, let deviation):
            return ("RandomNormal", Self.normalConfig(mean, deviation))
        case .truncatedNormal(let mean, let deviation):
            return ("TruncatedNormal", Self.normalConfig(mean, deviation))
        case .varianceScaling(let scale, let mode, let distribution):
            return (
                "VarianceScaling",
                JSONObject([
                    ("scale", .number(scale)), ("mode", .string(mode.rawValue)),
                    ("distribution", .string(distribution.rawValue)),
                ])
            )
        case .identity(let gain): return ("Identity", JSONObject([("gain", .number(gain))]))
        case .orthogonal(let gain): return ("Orthogonal", JSONObject([("gain", .number(gain))]))
        }
    }

    private static func normalConfig(_ mean: Double, _ deviation: Double) -> JSONObject {
        JSONObject([("mean", .number(mean)), ("stddev", .number(deviation))])
    }

    private static let scaled: [(name: String, initializer: Initializer)] = [
        ("GlorotUniform", .glorotUniform), ("GlorotNormal", .glorotNormal),
        ("HeUniform", .heUniform), ("HeNormal", .heNormal), ("LecunUniform", .lecunUniform),
        ("LecunNormal", .lecunNormal),
    ]

    /// Keras's object form, or its name as a string in either spelling; nil for another.
    package init?(json: JSONValue) {
        let className = json.stringValue ?? json["class_name"]?.stringValue ?? ""
        let config = json["config"] ?? .object(JSONObject())
        func number(_ key: String, _ standIn: Double) -> Double {
            config[key]?.doubleValue ?? standIn
        }
        switch className.filter({ $0 != "_" }).lowercased() {
        case "zeros": self = .zeros
        case "ones": self = .ones
        case "constant": self = .constant(number("value", 0))
        case "randomuniform", "uniform":
            self = .uniform(minimum: number("minval", -0.05), maximum: number("maxval", 0.05))
        case "randomnormal", "normal":
            self = .normal(mean: number("mean", 0), standardDeviation: number("stddev", 0.05))
        case "truncatednormal":
            self = .truncatedNormal(
                mean: number("mean", 0), standardDeviation: number("stddev", 0.05))
        case "variancescaling":
            guard let mode = FanMode(rawValue: config["mode"]?.stringValue ?? "fan_in"),
                let distribution = Distribution(
                    rawValue: config["distribution"]?.stringValue ?? "truncated_normal")
            else { return nil }
            self = .varianceScaling(scale: number("scale", 1), mode: mode, distribution)
        case "identity", "identityinitializer": self = .identity(gain: number("gain", 1))
        case "orthogonal", "orthogonalinitializer": self = .orthogonal(gain: number("gain", 1))
        case let name:
            guard let known = Self.scaled.first(where: { $0.name.lowercased() == name }) else {
                return nil
            }
            self = known.initializer
        }
    }
}
