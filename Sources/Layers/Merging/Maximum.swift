import MartletJSON

/// The largest of tensors, elementwise; where only one of two masked steps counts, it wins.
public final class Maximum: Layer {
    public let name: String?

    public init(name: String? = nil) { self.name = name }

    public var maskRule: MaskRule { .custom }

    public func call(_ inputs: [Tensor], context: CallContext) throws -> Tensor {
        try Merging.foldCounting(inputs, context) { try $0.maximum($1) }
    }
}

extension Maximum: ConfigurableLayer {
    public convenience init(configuration fields: JSONFields) {
        self.init(name: fields.name)
    }

    public var configuration: JSONObject { JSONObject() }
}
