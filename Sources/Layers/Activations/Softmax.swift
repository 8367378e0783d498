import MartletJSON

/// `exp(x) / Σ exp(x)` along an axis, or along several together, with an optional mask.
///
/// The mask (true keeps) broadcasts to the input: masked elements get 0, and so does everything
/// where all are masked. Without one given, a mask that the input carries is used.
public final class Softmax: Layer {
    public let axes: [Int]
    public let name: String?

    public init(axis: Int = -1, name: String? = nil) {
        axes = [axis]
        self.name = name
    }

    /// Normalizes over several axes together.
    public init(axes: [Int], name: String? = nil) {
        self.axes = axes
        self.name = name
    }

    /// Applies the layer with a mask given: bool, or numbers of which those above ½ keep.
    public func callAsFunction(_ x: Tensor, mask: Tensor) throws -> Tensor {
        let keeps = mask.dtype == .bool ? mask : try mask.compare(.gt, 0.5)
        return try self(x.masked(by: keeps))
    }

    public var maskRule: MaskRule { .propagate }

    public func call(_ x: Tensor, context: CallContext) throws -> Tensor {
        try context.requireFloat(x, minimumRank: 1)
        guard let keeps = x.mask else { return try softmax(x) }
        let fits = try? Broadcasting.shape(x.shape, keeps.shape, for: "", at: "")
        try context.require(
            fits == x.shape, "the mask \(keeps) does not broadcast to the input \(x)")
        // Keras's finite stand-in for −∞ keeps a fully masked row from becoming NaN.
        let masked = try keeps.select(x, context.constant(-1e9, x.dtype))
        return try keeps.select(softmax(masked), context.constant(0, x.dtype))
    }

    private func softmax(_ x: Tensor) throws -> Tensor {
        guard axes.count > 1 else { return try x.softmax(axis: axes.first ?? -1) }
        let view = try LastAxisView(of: x, axes: axes, for: "softmax")
        return try view.leave(view.enter(x).softmax())
    }
}

extension Softmax: ConfigurableLayer {
    public convenience init(configuration fields: JSONFields) {
        self.init(axes: fields.axes("axis") ?? [-1], name: fields.name)
    }

    public var configuration: JSONObject {
        JSONObject([
            ("axis", axes.count == 1 ? .integer(axes[0]) : .integers(axes))
        ])
    }
}
