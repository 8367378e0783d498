import MartletJSON

/// `(x - mean) / √(variance + epsilon) · gamma + beta` over some axes (Ba et al., 2016, arXiv
/// 1607.06450), with the population variance.
///
/// Weights `gamma` and `beta` have the extents of the normalized axes.
public final class LayerNormalization: Layer {
    public let axes: [Int]
    public let epsilon: Double
    public let center: Bool
    public let scale: Bool
    public let betaInitializer: Initializer
    public let gammaInitializer: Initializer
    public let name: String?

    /// - Parameters:
    ///   - axes: the axes to normalize over together; the last by default.
    ///   - center: whether there is a `beta`.
    ///   - scale: whether there is a `gamma`.
    public init(
        axes: [Int] = [-1], epsilon: Double = 1e-3, center: Bool = true, scale: Bool = true,
        betaInitializer: Initializer = .zeros, gammaInitializer: Initializer = .ones,
        name: String? = nil
    ) {
        self.axes = axes
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        self.betaInitializer = betaInitializer
        self.gammaInitializer = gammaInitializer
        self.name = name
    }

    public var maskRule: MaskRule { .propagate }

    public func call(_ x: Tensor, context: CallContext) throws -> Tensor {
        try context.requireFloat(x, minimumRank: 1)
        let view = try LastAxisView(of: x, axes: axes, for: "layer normalization")
        let shape = Shape(view.axes.map { x.shape[$0] })
        var operands = [try view.enter(x)]
        if scale {
            let gamma = try context.weight("gamma", shape: shape, initializer: gammaInitializer)
            operands.append(try gamma.reshaped(-1))
        }
        if center {
            let beta = try context.weight("beta", shape: shape, initializer: betaInitializer)
            operands.append(try beta.reshaped(-1))
        }
        let op = LayerNorm(epsilon: epsilon, hasScale: scale, hasOffset: center)
        return try view.leave(context.emit(.layerNorm(op), operands)[0])
    }
}

extension LayerNormalization: ConfigurableLayer {
    public convenience init(configuration fields: JSONFields) {
        if fields.bool("rms_scaling", default: false) {
            fields.report("rms_scaling", "is not supported; use RMSNormalization")
        }
        self.init(
            axes: fields.axes("axis") ?? [-1],
            epsilon: fields.number("epsilon", in: 0...1, default: 1e-3),
            center: fields.bool("center", default: true),
            scale: fields.bool("scale", default: true),
            betaInitializer: fields.initializer("beta_initializer", default: .zeros),
            gammaInitializer: fields.initializer("gamma_initializer", default: .ones),
            name: fields.name)
    }

    public var configuration: JSONObject {
        JSONObject([
            ("axis", .integers(axes)),
            ("epsilon", .number(epsilon)),
            ("center", .bool(center)),
            ("scale", .bool(scale)),
            ("beta_initializer", betaInitializer.json),
            ("gamma_initializer", gammaInitializer.json),
        ])
    }
}
