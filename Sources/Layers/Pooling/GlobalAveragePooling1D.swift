import MartletJSON

/// Where a sequence's channels are.
public enum DataFormat: String, Hashable, Sendable, CaseIterable {
    /// `[batch, steps, channels]`
    case channelsLast = "channels_last"
    /// `[batch, channels, steps]`
    case channelsFirst = "channels_first"

    /// The axis of the steps of a sequence.
    var stepsAxis: Int { self == .channelsLast ? 1 : 2 }
}

/// The mean over the steps of a sequence: `[batch, steps, channels]` → `[batch, channels]`.
///
/// With a mask `[batch, steps]`, only the steps that count are averaged; a sequence without any
/// gives NaN, as in Keras. The output carries no mask.
public final class GlobalAveragePooling1D: Layer {
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

    public var maskRule: MaskRule { .custom }

    public func call(_ x: Tensor, context: CallContext) throws -> Tensor {
        try context.require(
            x.rank == 3 && x.dtype.isFloat, "expected a float tensor of rank 3, received \(x)")
        let steps = dataFormat.stepsAxis
        guard let mask = x.mask else {
            try context.noteAverageWithoutMask(x, of: self)
            return try x.mean(axes: [steps], keepsAxes: keepsDimensions)
        }
        let counted = try mask.expandingAxes(dataFormat == .channelsLast ? 2 : 1)
        let zero = try context.constant(0, x.dtype)
        let sum = try counted.select(x, zero).sum(axes: [steps], keepsAxes: keepsDimensions)
        let count = try counted.converted(to: x.dtype)
            .sum(axes: [steps], keepsAxes: keepsDimensions)
        return try sum / count
    }
}

extension GlobalAveragePooling1D: ConfigurableLayer {
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
