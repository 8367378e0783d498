import MartletJSON
import MartletLayers

/// A model's sizes and rates as Hugging Face's `config.json` holds them.
public protocol PretrainedConfiguration: Sendable {
    /// What `model_type` must be.
    static var modelType: String { get }

    /// Reads the fields, and reports to them what is wrong.
    init(_ fields: JSONFields)

    /// The names of the classes in the order of their numbers; empty where none are known.
    var labelNames: [String] { get set }

    /// The fields as `config.json` has them.
    var json: JSONObject { get }
}

extension PretrainedConfiguration {
    /// How many classes a head has unless told: as many as there are names, else 2.
    public var labelCount: Int { labelNames.isEmpty ? 2 : labelNames.count }

    /// Reads the `config.json` of a folder.
    ///
    /// - Throws: `FileError` where it cannot be read, `JSONError` where it is no JSON,
    ///   `JSONProblems` that lists everything wrong with its fields.
    public init(folder: String) throws { self = try Self.read(folder: folder).configuration }

    /// The configuration of a folder, and the whole document it was read from.
    static func read(folder: String) throws -> (configuration: Self, document: JSONObject) {
        let document = try HuggingFaceFolder.document(folder)
        let fields = JSONFields(document, source: "\(folder)/config.json")
        let configuration = Self(fields)
        try fields.finish()
        return (configuration, document.objectValue ?? JSONObject())
    }
}

/// Readers of what many configurations have.
extension JSONFields {
    /// Reports a `model_type` other than the expected one.
    public func requireModelType(_ expected: String) {
        let found = string("model_type")
        if has("model_type"), !found.isEmpty, found != expected {
            report(
                "model_type",
                "expected \"\(expected)\", found \(found.quotedForMessage()); load the folder as "
                    + "the model it holds")
        }
    }

    /// A size of 1 or more.
    public func size(_ key: String, limit: Int = 1 << 24) -> Int { integer(key, in: 1...limit) }

    /// Reports a number of heads that does not divide a width.
    public func requireDivisor(
        _ key: String, _ divisor: Int, of otherKey: String, _ number: Int
    ) {
        // A field with a problem of its own is not blamed again.
        let areIntegers =
            value(key)?.integerValue == divisor && value(otherKey)?.integerValue == number
        if areIntegers, divisor > 0, number % divisor != 0 {
            report(key, "\(divisor) does not divide \(otherKey) \(number)")
        }
    }

    /// An activation function by its name in transformers; gelu where there is none.
    public func huggingFaceActivation(_ key: String) -> ActivationFunction {
        let name = string(key, default: "gelu")
        if let known = ActivationFunction.huggingFaceNames.first(where: { $0.name == name }) {
            return known.function
        }
        var names: [String] = []
        for known in ActivationFunction.huggingFaceNames { names.append(known.name) }
        report(
            key,
            "the activation \(name.quotedForMessage()) is not known; expected one of "
                + names.joined(separator: ", "))
        return .gelu
    }

    /// The names in `id2label`, by their numbers; empty without one.
    public func labelNames() -> [String] {
        guard let labels = optionalFields("id2label") else { return [] }
        let members = labels.object.members
        var names = [String?](repeating: nil, count: members.count)
        for member in members {
            guard let id = Int(member.key), names.indices.contains(id), names[id] == nil,
                case .string(let name) = member.value
            else {
                report(
                    "id2label",
                    "expected the ids 0..<\(members.count) with a name each, found "
                        + "\(member.key.quotedForMessage()): \(member.value.kind)")
                return []
            }
            names[id] = name
        }
        return names.compactMap { $0 }
    }
}

extension JSONObject {
    /// Sets `id2label` and `label2id`, if there are names.
    public mutating func setLabelNames(_ names: [String]) {
        guard !names.isEmpty else { return }
        var ids = JSONObject()
        var labels = JSONObject()
        for (index, name) in names.enumerated() {
            labels["\(index)"] = .string(name)
            ids[name] = .integer(Int64(index))
        }
        self["id2label"] = .object(labels)
        self["label2id"] = .object(ids)
    }
}

extension ActivationFunction {
    /// The names of transformers; where one function has several, the first is written.
    static let huggingFaceNames: [(name: String, function: ActivationFunction)] = [
        ("gelu", .gelu), ("gelu_new", .gelu(approximate: true)),
        ("gelu_pytorch_tanh", .gelu(approximate: true)),
        ("gelu_fast", .gelu(approximate: true)), ("gelu_python", .gelu),
        ("relu", .relu), ("silu", .silu), ("swish", .silu), ("tanh", .tanh),
        ("sigmoid", .sigmoid), ("linear", .linear), ("mish", .mish), ("relu6", .relu6),
    ]

    /// The name in transformers' configurations; Keras's where transformers has none.
    public var huggingFaceName: String {
        Self.huggingFaceNames.first { $0.function == self }?.name ?? name
    }
}
