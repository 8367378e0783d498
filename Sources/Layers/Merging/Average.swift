import MartletJSON

/// The mean of tensors, which broadcast.
public final class Average: Layer {
    public let name: String?

    public init(name: String? = nil) { self.name = name }

    public var maskRule: MaskRule { .custom }

    public func call(_ inputs: [Tensor], context: CallContext) throws -> Tensor {
        let sum = try Merging.fold(inputs, context) { try $0 + $1 }
        return try (sum / Double(inputs.count)).attaching(mask: sum.mask)
    }
}

extension Average: ConfigurableLayer {
    public convenience init(configuration fields: JSONFields) {
        self.init(name: fields.name)
    }

    public var configuration: JSONObject { JSONObject() }
}
