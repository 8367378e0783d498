import MartletJSON

/// `x` where positive, else `negativeSlope · x`; the layer's slope is 0.3, the function's 0.2.
public final class LeakyReLU: Layer {
    public let negativeSlope: Double
    public let name: String?

    public init(negativeSlope: Double = 0.3, name: String? = nil) {
        self.negativeSlope = negativeSlope
        self.name = name
    }

    public var maskRule: MaskRule { .propagate }

    public func call(_ x: Tensor, context: CallContext) throws -> Tensor {
        try x.activation(.leakyReLU(negativeSlope: negativeSlope))
    }
}

extension LeakyReLU: ConfigurableLayer {
    public convenience init(configuration fields: JSONFields) {
        self.init(
            negativeSlope: fields.number(
                "negative_slope", in: 0...Double.greatestFiniteMagnitude, default: 0.3),
            name: fields.name)
    }

    public var configuration: JSONObject {
        JSONObject([
            ("negative_slope", .number(negativeSlope))
        ])
    }
}
