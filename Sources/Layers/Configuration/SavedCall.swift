import Foundation
import MartletJSON

/// One application of a layer or operation as JSON, and again from it.
enum SavedCall {
    /// The options of a call; nil for a layer that cannot be saved.
    static func options<L: Layer>(of layer: L, _ inputs: L.Inputs) -> JSONObject? {
        if layer is Model { return JSONObject() }
        guard let type = L.self as? any ConfigurableLayer.Type else { return nil }
        return options(type, inputs)
    }

    private static func options<C: ConfigurableLayer>(_ type: C.Type, _ inputs: Any) -> JSONObject?
    {
        (inputs as? C.Inputs).map { C.callOptions(of: $0) }
    }

    /// Applies a layer to tensors as a saved call did.
    static func apply(
        _ layer: any Configurable, to tensors: [Tensor], options: JSONFields
    ) throws -> [Tensor] {
        guard let layer = layer as? any ConfigurableLayer else {
            throw LayerError("\(type(of: layer).className) is no layer of tensors")
        }
        return try apply(layer, tensors, options)
    }

    private static func apply<C: ConfigurableLayer>(
        _ layer: C, _ tensors: [Tensor], _ options: JSONFields
    ) throws -> [Tensor] {
        let inputs = try C.inputs(from: tensors, options: options)
        try options.finish()
        return try layer(inputs).tensors
    }

    static func json(of operation: TensorOperation) throws -> JSONValue {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return try JSONValue(parsing: [UInt8](encoder.encode(operation)))
    }

    static func operation(from json: JSONValue) throws -> TensorOperation {
        do {
            return try JSONDecoder().decode(
                TensorOperation.self, from: Data(json.serialized()))
        } catch is DecodingError {
            throw LayerError("\(json) is no tensor operation known here")
        }
    }
}

// The names of kinds and types in JSON are those of the textual IR.
extension Unary.Kind: Codable {}
extension Binary.Kind: Codable {}
extension Compare.Direction: Codable {}
extension DType: Codable {}
