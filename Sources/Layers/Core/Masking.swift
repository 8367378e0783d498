import MartletJSON

/// Masks the steps whose features all equal a value: `[batch, …, features]` keeps its shape, those
/// steps become 0, and the output carries a mask that is false there.
public final class Masking: Layer {
    public let maskValue: Double
    public let name: String?

    public init(maskValue: Double = 0, name: String? = nil) {
        self.maskValue = maskValue
        self.name = name
    }

    public var maskRule: MaskRule { .custom }

    public func call(_ x: Tensor, context: CallContext) throws -> Tensor {
        try context.requireFloat(x, minimumRank: 2)
        let counts = try x.compare(.ne, maskValue).reduced(.any, axes: [-1])
        let kept = try counts.expandingAxes(-1).select(x, context.constant(0, x.dtype))
        return try kept.masked(by: counts)
    }
}

extension Masking: ConfigurableLayer {
    public convenience init(configuration fields: JSONFields) {
        self.init(
            maskValue: fields.number(
                "mask_value", in: -Double.infinity...Double.infinity, default: 0),
            name: fields.name)
    }

    public var configuration: JSONObject {
        JSONObject([
            ("mask_value", .number(maskValue))
        ])
    }
}
