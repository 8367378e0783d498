import MartletJSON

/// A vector repeated as the steps of a sequence: `[batch, features]` →
/// `[batch, count, features]`.
public final class RepeatVector: Layer {
    public let count: Int
    public let name: String?

    public init(_ count: Int, name: String? = nil) {
        self.count = count
        self.name = name
    }

    public func call(_ x: Tensor, context: CallContext) throws -> Tensor {
        try context.require(
            x.rank == 2 && count >= 0,
            "expected a tensor of rank 2 and a count of 0 or more, received \(x) and \(count)")
        let shape: Shape = [x.shape[0], Dimension(count), x.shape[1]]
        let op = BroadcastInDim(shape: shape, dimensions: [0, 2])
        return try context.emit(.broadcastInDim(op), [x])[0]
    }
}

extension RepeatVector: ConfigurableLayer {
    public convenience init(configuration fields: JSONFields) {
        self.init(fields.integer("n", in: 0...Int(Int32.max)), name: fields.name)
    }

    public var configuration: JSONObject {
        JSONObject([
            ("n", .integer(count))
        ])
    }
}
