import MartletJSON

/// The axes behind the batch axis in another order; axes count from 1: `Permute([2, 1])`.
public final class Permute: Layer {
    public let dimensions: [Int]
    public let name: String?

    public init(_ dimensions: [Int], name: String? = nil) {
        self.dimensions = dimensions
        self.name = name
    }

    public func call(_ x: Tensor, context: CallContext) throws -> Tensor {
        try context.require(
            x.rank == dimensions.count + 1 && dimensions.sorted() == Array(1..<max(x.rank, 1)),
            "expected the numbers 1 to \(x.rank - 1) in some order for \(x), "
                + "received \(dimensions)")
        return try x.transposed([0] + dimensions)
    }
}

extension Permute: ConfigurableLayer {
    public convenience init(configuration fields: JSONFields) {
        self.init(fields.integers("dims", in: 1...64) ?? [], name: fields.name)
    }

    public var configuration: JSONObject {
        JSONObject([
            ("dims", .integers(dimensions))
        ])
    }
}
