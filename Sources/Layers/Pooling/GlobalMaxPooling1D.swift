import MartletJSON

/// The largest value over the steps of a sequence: `[batch, steps, channels]` →
/// `[batch, channels]`.
///
/// It knows no masks, as in Keras: padding takes part, and a mask ends here with a warning.
public final class GlobalMaxPooling1D: Layer {
    public let dataFormat: DataFormat
    public let keepsDimensions: Bool
    public let name: String?

    public init(
        dataFormat: DataFormat = .channelsLast, keepsDimensions: Bool = false,
        name: String? = nil
    ) {
        self.dataFormat = dataFormat
        self.keepsDimensions = keepsDimensions
        self.name = name
    }

    public func call(_ x: Tensor, context: CallContext) throws -> Tensor {
        try context.require(x.rank == 3, "expected a tensor of rank 3, received \(x)")
        return try x.max(axes: [dataFormat.stepsAxis], keepsAxes: keepsDimensions)
    }
}

extension GlobalMaxPooling1D: ConfigurableLayer {
    public convenience init(configuration fields: JSONFields) {
        self.init(
            dataFormat: fields.dataFormat("data_format"),
            keepsDimensions: fields.bool("keepdims", default: false), name: fields.name)
    }

    public var configuration: JSONObject {
        JSONObject([
            ("data_format", .string(dataFormat.rawValue)),
            ("keepdims", .bool(keepsDimensions)),
        ])
    }
}
