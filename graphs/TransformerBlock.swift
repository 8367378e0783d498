import Martlet
import MartletJSON

/// One encoder block of a transformer, normalized after each residual (Vaswani et al., 2017, arXiv
/// 1706.03762):
///
///     y = normalize(x + dropout(attention(x, x)))
///     z = normalize(y + dropout(feedForward(y)))
///
/// Written as a user writes a layer.
public final class TransformerBlock: Layer {
    public let attention: MultiHeadAttention
    public let inner: Dense
    public let outer: Dense
    public let normalization1: LayerNormalization
    public let normalization2: LayerNormalization
    public let dropout1: Dropout
    public let dropout2: Dropout
    public let name: String?

    /// - Parameters:
    ///   - dimension: the width of the steps, and the key size of each head.
    ///   - feedForward: the width of the inner layer.
    ///   - rate: the dropout after attention and after the feed-forward layers.
    public init(
        dimension: Int, heads: Int, feedForward: Int, rate: Double = 0.1, name: String? = nil
    ) {
        attention = MultiHeadAttention(heads: heads, keyDimension: dimension)
        inner = Dense(feedForward, activation: .relu)
        outer = Dense(dimension)
        normalization1 = LayerNormalization(epsilon: 1e-6, name: "normalization_1")
        normalization2 = LayerNormalization(epsilon: 1e-6, name: "normalization_2")
        dropout1 = Dropout(rate)
        dropout2 = Dropout(rate)
        self.name = name
    }

    public var maskRule: MaskRule { .propagate }

    public func call(_ x: Tensor, context: CallContext) throws -> Tensor {
        let attended = try normalization1(x + dropout1(attention(x, x)))
        return try normalization2(attended + dropout2(outer(inner(attended))))
    }
}

extension TransformerBlock: ConfigurableLayer {
    public convenience init(configuration fields: JSONFields) {
        let extents = 1...Int(Int32.max)
        self.init(
            dimension: fields.integer("dimension", in: extents),
            heads: fields.integer("heads", in: extents),
            feedForward: fields.integer("feed_forward", in: extents),
            rate: fields.number("dropout", in: 0...1, default: 0.1),
            name: fields.optionalString("name"))
    }

    public var configuration: JSONObject {
        JSONObject([
            ("dimension", .integer(Int64(outer.units))),
            ("heads", .integer(Int64(attention.heads))),
            ("feed_forward", .integer(Int64(inner.units))),
            ("dropout", .number(dropout1.rate)),
        ])
    }
}
