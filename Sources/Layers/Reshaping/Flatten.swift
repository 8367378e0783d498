import MartletJSON

/// All axes behind the batch axis as one: `[batch, 3, 4]` → `[batch, 12]`; `[batch]` →
/// `[batch, 1]`.
public final class Flatten: Layer {
    public let dataFormat: DataFormat
    public let name: String?

    /// - Parameter dataFormat: with channels first, the channel axis is moved behind the others.
    public init(dataFormat: DataFormat = .channelsLast, name: String? = nil) {
        self.dataFormat = dataFormat
        self.name = name
    }

    public func call(_ x: Tensor, context: CallContext) throws -> Tensor {
        try context.require(x.rank >= 1, "expected a batch axis, received \(x)")
        let moved =
            dataFormat == .channelsFirst && x.rank > 2
            ? try x.transposed([0] + Array(2..<x.rank) + [1]) : x
        let width = x.shape.dimensions.dropFirst().reduce(Dimension(1), *)
        return try moved.reshaped(to: [x.shape[0], width])
    }
}

extension Flatten: ConfigurableLayer {
    public convenience init(configuration fields: JSONFields) {
        self.init(dataFormat: fields.dataFormat("data_format"), name: fields.name)
    }

    public var configuration: JSONObject {
        JSONObject([
            ("data_format", .string(dataFormat.rawValue))
        ])
    }
}
