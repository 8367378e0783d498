import MartletJSON

/// Applies an activation function: `Activation(.gelu)`.
public final class Activation: Layer {
    public let function: ActivationFunction
    public let name: String?

    public init(_ function: ActivationFunction, name: String? = nil) {
        self.function = function
        self.name = name
    }

    public var maskRule: MaskRule { .propagate }

    public func call(_ x: Tensor, context: CallContext) throws -> Tensor {
        try x.activation(function)
    }
}

extension Activation: ConfigurableLayer {
    public convenience init(configuration fields: JSONFields) {
        self.init(fields.activation("activation"), name: fields.name)
    }

    public var configuration: JSONObject {
        JSONObject([
            ("activation", function.json)
        ])
    }
}
