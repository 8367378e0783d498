import MartletJSON

/// `x` above the threshold and at most the maximum; `negativeSlope · (x - threshold)` below.
public final class ReLU: Layer {
    public let maximum: Double?
    public let negativeSlope: Double
    public let threshold: Double
    public let name: String?

    public init(
        maximum: Double? = nil, negativeSlope: Double = 0, threshold: Double = 0,
        name: String? = nil
    ) {
        self.maximum = maximum
        self.negativeSlope = negativeSlope
        self.threshold = threshold
        self.name = name
    }

    public var maskRule: MaskRule { .propagate }

    public func call(_ x: Tensor, context: CallContext) throws -> Tensor {
        try context.require(
            negativeSlope >= 0 && threshold >= 0 && (maximum ?? 0) >= 0,
            "maximum, negativeSlope and threshold may not be negative")
        if maximum == nil, negativeSlope == 0, threshold == 0 { return try x.activation(.relu) }
        return try x.activation(
            .boundedReLU(negativeSlope: negativeSlope, maximum: maximum, threshold: threshold))
    }
}

extension ReLU: ConfigurableLayer {
    public convenience init(configuration fields: JSONFields) {
        let range = 0...Double.greatestFiniteMagnitude
        self.init(
            maximum: fields.optionalNumber("max_value", in: range),
            negativeSlope: fields.number("negative_slope", in: range, default: 0),
            threshold: fields.number("threshold", in: range, default: 0), name: fields.name)
    }

    public var configuration: JSONObject {
        JSONObject([
            ("max_value", maximum.map { .number($0) } ?? .null),
            ("negative_slope", .number(negativeSlope)),
            ("threshold", .number(threshold)),
        ])
    }
}
