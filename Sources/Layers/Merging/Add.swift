import MartletJSON

/// The sum of tensors, which broadcast: `try Add()(x, y, z)`.
public final class Add: Layer {
    public let name: String?

    public init(name: String? = nil) { self.name = name }

    public var maskRule: MaskRule { .custom }

    public func call(_ inputs: [Tensor], context: CallContext) throws -> Tensor {
        try Merging.fold(inputs, context) { try $0 + $1 }
    }
}

extension Add: ConfigurableLayer {
    public convenience init(configuration fields: JSONFields) {
        self.init(name: fields.name)
    }

    public var configuration: JSONObject { JSONObject() }
}
