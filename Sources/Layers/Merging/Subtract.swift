import MartletJSON

/// The first tensor minus the second.
public final class Subtract: Layer {
    public let name: String?

    public init(name: String? = nil) { self.name = name }

    public var maskRule: MaskRule { .custom }

    public func call(_ inputs: [Tensor], context: CallContext) throws -> Tensor {
        try Merging.fold(inputs, context, count: 2...2) { try $0 - $1 }
    }
}

extension Subtract: ConfigurableLayer {
    public convenience init(configuration fields: JSONFields) {
        self.init(name: fields.name)
    }

    public var configuration: JSONObject { JSONObject() }
}
