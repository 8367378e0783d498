import MartletJSON

/// Another shape behind the batch axis; one extent may be -1: `Reshape([2, -1])`.
public final class Reshape: Layer {
    public let targetShape: [Int]
    public let name: String?

    public init(_ targetShape: [Int], name: String? = nil) {
        self.targetShape = targetShape
        self.name = name
    }

    public func call(_ x: Tensor, context: CallContext) throws -> Tensor {
        try context.require(
            x.rank >= 1 && targetShape.allSatisfy { $0 >= -1 }
                && targetShape.count(where: { $0 == -1 }) <= 1,
            "expected extents of 0 or more and at most one -1, received \(targetShape)")
        return try Tensor.apply(
            .reshape([.same(axis: 0)] + targetShape.map { $0 == -1 ? .inferred : .fixed($0) }),
            [x])
    }
}

extension Reshape: ConfigurableLayer {
    public convenience init(configuration fields: JSONFields) {
        self.init(
            fields.integers("target_shape", in: -1...Int(Int32.max)) ?? [], name: fields.name)
    }

    public var configuration: JSONObject {
        JSONObject([
            ("target_shape", .integers(targetShape))
        ])
    }
}
