import MartletJSON

/// The smallest of tensors, elementwise; where only one of two masked steps counts, it wins.
public final class Minimum: Layer {
    public let name: String?

    public init(name: String? = nil) { self.name = name }

    public var maskRule: MaskRule { .custom }

    public func call(_ inputs: [Tensor], context: CallContext) throws -> Tensor {
        try Merging.foldCounting(inputs, context) { try $0.minimum($1) }
    }
}

extension Minimum: ConfigurableLayer {
    public convenience init(configuration fields: JSONFields) {
        self.init(name: fields.name)
    }

    public var configuration: JSONObject { JSONObject() }
}
