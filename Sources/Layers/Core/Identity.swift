import MartletJSON

/// Its input, unchanged.
public final class Identity: Layer {
    public let name: String?

    public init(name: String? = nil) { self.name = name }

    public var maskRule: MaskRule { .propagate }

    public func call(_ x: Tensor, context: CallContext) throws -> Tensor { x }
}

extension Identity: ConfigurableLayer {
    public convenience init(configuration fields: JSONFields) {
        self.init(name: fields.name)
    }

    public var configuration: JSONObject { JSONObject() }
}
