import MartletJSON

/// The dot product of two tensors over one axis of each, batch by batch.
///
/// `[batch, 3, 5]` and `[batch, 5, 4]` over axes 2 and 1 give `[batch, 3, 4]`.
public final class Dot: Layer {
    /// The axis of the first and that of the second tensor.
    public let axes: [Int]
    /// Whether both are scaled to length 1 along their axes first: the cosine.
    public let normalize: Bool
    public let name: String?

    public init(axes: [Int], normalize: Bool = false, name: String? = nil) {
        self.axes = axes
        self.normalize = normalize
        self.name = name
    }

    public convenience init(axis: Int, normalize: Bool = false, name: String? = nil) {
        self.init(axes: [axis, axis], normalize: normalize, name: name)
    }

    public var maskRule: MaskRule { .custom }

    public func call(_ inputs: [Tensor], context: CallContext) throws -> Tensor {
        try context.require(
            inputs.count == 2 && axes.count == 2,
            "expected 2 tensors and 2 axes, received \(inputs.count) and \(axes.count)")
        var tensors: [Tensor] = []
        var contracted: [Int] = []
        for (input, axis) in zip(inputs, axes) {
            let axis = try input.resolve(axis: axis, for: "dot")
            try context.require(axis > 0, "the batch axis cannot be summed over")
            contracted.append(axis)
            tensors.append(normalize ? try normalized(input, axis) : input)
        }
        let op = DotGeneral(
            leftBatch: [0], rightBatch: [0], leftContracting: [contracted[0]],
            rightContracting: [contracted[1]])
        let product = try context.emit(.dotGeneral(op), tensors)[0]
        // Two vectors give one number, which keeps an axis.
        return product.rank == 1 ? try product.expandingAxes(1) : product
    }

    private func normalized(_ x: Tensor, _ axis: Int) throws -> Tensor {
        let square = try x.squared().sum(axes: [axis], keepsAxes: true)
        return try x * square.maximum(1e-12).reciprocalSquareRoot()
    }
}

extension Dot: ConfigurableLayer {
    public convenience init(configuration fields: JSONFields) {
        let axes = fields.axes("axes") ?? []
        self.init(
            axes: axes.count == 1 ? axes + axes : axes,
            normalize: fields.bool("normalize", default: false), name: fields.name)
    }

    public var configuration: JSONObject {
        JSONObject([
            ("axes", .integers(axes)),
            ("normalize", .bool(normalize)),
        ])
    }
}
