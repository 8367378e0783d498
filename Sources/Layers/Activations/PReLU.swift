import MartletJSON

/// `x` where positive, else `alpha · x` with a learned slope for each element (He et al., 2015,
/// arXiv 1502.01852).
///
/// Weight `alpha` of the input's shape without the batch axis, 1 along the shared axes.
public final class PReLU: Layer {
    public let alphaInitializer: Initializer
    /// Axes along which one slope is shared, counted with the batch axis as 0.
    public let sharedAxes: [Int]
    public let name: String?

    public init(
        alphaInitializer: Initializer = .zeros, sharedAxes: [Int] = [], name: String? = nil
    ) {
        self.alphaInitializer = alphaInitializer
        self.sharedAxes = sharedAxes
        self.name = name
    }

    public var maskRule: MaskRule { .propagate }

    public func call(_ x: Tensor, context: CallContext) throws -> Tensor {
        try context.requireFloat(x, minimumRank: 1)
        try context.require(
            sharedAxes.allSatisfy { (1..<x.rank).contains($0) },
            "sharedAxes \(sharedAxes) must be axes of \(x) other than the batch axis")
        let extents = (1..<x.rank).map { sharedAxes.contains($0) ? 1 : x.shape[$0] }
        let alpha = try context.weight(
            "alpha", shape: Shape(extents), initializer: alphaInitializer)
        return try x.compare(.gt, 0).select(x, alpha * x)
    }
}

extension PReLU: ConfigurableLayer {
    public convenience init(configuration fields: JSONFields) {
        self.init(
            alphaInitializer: fields.initializer("alpha_initializer", default: .zeros),
            sharedAxes: fields.axes("shared_axes") ?? [], name: fields.name)
    }

    public var configuration: JSONObject {
        JSONObject([
            ("alpha_initializer", alphaInitializer.json),
            ("shared_axes", .integers(sharedAxes)),
        ])
    }
}
