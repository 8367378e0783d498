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

    public struct Inputs: TensorStructure {
        public var x: Tensor
        public var mask: Tensor?

        public init(x: Tensor, mask: Tensor?) {
            self.x = x
            self.mask = mask
        }

        public func mapTensors(_ transform: (Tensor) throws -> Tensor) rethrows -> Inputs {
            Inputs(x: try transform(x), mask: try mask.map(transform))
        }
    }

    public func callAsFunction(_ x: Tensor, mask: Tensor? = nil) throws -> Tensor {
        try callAsFunction(Inputs(x: x, mask: mask))
    }

    public var maskRule: MaskRule { .propagate }

    public func call(_ inputs: Inputs, context: CallContext) throws -> Tensor {
        let x = inputs.x
        try context.requireFloat(x, minimumRank: 1)
        guard let given = inputs.mask ?? x.mask else { return try softmax(x) }
        let keeps = given.dtype == .bool ? given : try given.compare(.gt, 0.5)
        let fits = try? Broadcasting.shape(x.shape, keeps.shape, for: "", at: "")
        try context.require(
            fits == x.shape, "the mask \(keeps) does not broadcast to the input \(x)")
        // Keras's finite stand-in for −∞ keeps a fully masked row from becoming NaN.
        let masked = try keeps.select(x, context.constant(-1e9, x.dtype))
        return try keeps.select(softmax(masked), context.constant(0, x.dtype))
            .attaching(mask: keeps)
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

    public static func callOptions(of inputs: Inputs) -> JSONObject {
        JSONObject([("mask", .bool(inputs.mask != nil))])
    }

    public static func inputs(from tensors: [Tensor], options: JSONFields) throws -> Inputs {
        let hasMask = options.bool("mask", default: false)
        guard tensors.count == (hasMask ? 2 : 1) else {
            throw LayerError("Softmax: expected a tensor, received \(tensors.count)")
        }
        return Inputs(x: tensors[0], mask: hasMask ? tensors[1] : nil)
    }
}
