import MartletJSON

/// Sets a share of the elements to zero in training and scales the others by `1 / (1 - rate)`;
/// the identity at inference (Srivastava et al., 2014).
public final class Dropout: Layer {
    /// In 0...1; a rate of 1 zeroes everything.
    public let rate: Double
    public let name: String?

    public init(_ rate: Double, name: String? = nil) {
        self.rate = rate
        self.name = name
    }

    public var maskRule: MaskRule { .propagate }

    public func call(_ x: Tensor, context: CallContext) throws -> Tensor {
        try context.requireRate(rate)
        try context.requireFloat(x, minimumRank: 0)
        return try context.dropout(x, rate: rate)
    }
}

extension CallContext {
    func requireRate(_ rate: Double) throws {
        try require((0...1).contains(rate), "rate must be within 0...1, received \(rate)")
    }
}

extension Dropout: ConfigurableLayer {
    public convenience init(configuration fields: JSONFields) {
        self.init(fields.number("rate", in: 0...1), name: fields.name)
    }

    public var configuration: JSONObject {
        JSONObject([
            ("rate", .number(rate))
        ])
    }
}
