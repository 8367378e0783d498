import MartletJSON

/// `x` where positive, else `alpha (eˣ - 1)`.
public final class ELU: Layer {
    public let alpha: Double
    public let name: String?

    public init(alpha: Double = 1, name: String? = nil) {
        self.alpha = alpha
        self.name = name
    }

    public var maskRule: MaskRule { .propagate }

    public func call(_ x: Tensor, context: CallContext) throws -> Tensor {
        try x.activation(.elu(alpha: alpha))
    }
}

extension ELU: ConfigurableLayer {
    public convenience init(configuration fields: JSONFields) {
        self.init(
            alpha: fields.number("alpha", in: 0...Double.greatestFiniteMagnitude, default: 1),
            name: fields.name)
    }

    public var configuration: JSONObject {
        JSONObject([
            ("alpha", .number(alpha))
        ])
    }
}
