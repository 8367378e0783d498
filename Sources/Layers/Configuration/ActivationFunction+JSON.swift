import MartletJSON

extension ActivationFunction {
    /// The name, or name and parameters where these are not the defaults.
    package var json: JSONValue {
        if ActivationFunction(name: name) == self { return .string(name) }
        return ["class_name": .string(name), "config": .object(JSONObject(parameters))]
    }

    private var parameters: [(key: String, value: JSONValue)] {
        switch self {
        case .boundedReLU(let slope, let maximum, let threshold):
            [
                ("negative_slope", .number(slope)),
                ("max_value", maximum.map { .number($0) } ?? .null),
                ("threshold", .number(threshold)),
            ]
        case .leakyReLU(let slope): [("negative_slope", .number(slope))]
        case .elu(let alpha), .celu(let alpha): [("alpha", .number(alpha))]
        case .gelu(let approximate): [("approximate", .bool(approximate))]
        case .squareplus(let b): [("b", .number(b))]
        case .softShrink(let threshold), .hardShrink(let threshold):
            [("threshold", .number(threshold))]
        case .threshold(let threshold, let defaultValue):
            [("threshold", .number(threshold)), ("default_value", .number(defaultValue))]
        case .glu(let axis), .softmax(let axis), .logSoftmax(let axis), .sparsemax(let axis):
            [("axis", .integer(axis))]
        case .linear, .relu, .relu6, .selu, .sigmoid, .logSigmoid, .hardSigmoid, .sparseSigmoid,
            .tanh, .tanhShrink, .hardTanh, .silu, .hardSilu, .mish, .softplus, .softsign,
            .sparsePlus, .exponential:
            []
        }
    }

    /// A name, or a name with parameters; nil for another value.
    package init?(json: JSONValue) {
        if let name = json.stringValue {
            self.init(name: name)
            return
        }
        guard let name = json["class_name"]?.stringValue else { return nil }
        let config = json["config"] ?? .object(JSONObject())
        self.init(name: name, config: config)
    }

    private init?(name: String, config: JSONValue) {
        func number(_ key: String, _ standIn: Double) -> Double {
            config[key]?.doubleValue ?? standIn
        }
        let axis = config["axis"]?.integerValue ?? -1
        switch name {
        case "relu" where config.objectValue?.isEmpty == false:
            self = .boundedReLU(
                negativeSlope: number("negative_slope", 0),
                maximum: config["max_value"]?.doubleValue,
                threshold: number("threshold", 0))
        case "leaky_relu": self = .leakyReLU(negativeSlope: number("negative_slope", 0.2))
        case "elu": self = .elu(alpha: number("alpha", 1))
        case "celu": self = .celu(alpha: number("alpha", 1))
        case "gelu": self = .gelu(approximate: config["approximate"]?.boolValue ?? false)
        case "squareplus": self = .squareplus(b: number("b", 4))
        case "soft_shrink": self = .softShrink(threshold: number("threshold", 0.5))
        case "hard_shrink": self = .hardShrink(threshold: number("threshold", 0.5))
        case "threshold":
            self = .threshold(number("threshold", 0), defaultValue: number("default_value", 0))
        case "glu": self = .glu(axis: axis)
        case "softmax": self = .softmax(axis: axis)
        case "log_softmax": self = .logSoftmax(axis: axis)
        case "sparsemax": self = .sparsemax(axis: axis)
        default: self.init(name: name)
        }
    }
}
