import MartletJSON

/// Tensors one after another along an axis, the last by default.
///
/// An input without a mask counts everywhere; along the last axis a step counts if it does in any
/// input. Without any mask the output has none.
public final class Concatenate: Layer {
    public let axis: Int
    public let name: String?

    public init(axis: Int = -1, name: String? = nil) {
        self.axis = axis
        self.name = name
    }

    public var maskRule: MaskRule { .custom }

    public func call(_ inputs: [Tensor], context: CallContext) throws -> Tensor {
        try context.require(!inputs.isEmpty, "expected 1 tensor or more, received none")
        let output = try Tensor.concatenate(inputs, axis: axis)
        guard inputs.contains(where: { $0.mask != nil }) else { return output }
        let masks = try inputs.map { input in
            guard let mask = input.mask else { return try ones(like: input, context) }
            return mask.rank < input.rank ? try Merging.spread(mask, over: input) : mask
        }
        return output.attaching(
            mask: try Tensor.concatenate(masks, axis: axis).reduced(.any, axes: [-1]))
    }

    private func ones(like x: Tensor, _ context: CallContext) throws -> Tensor {
        try context.constant(1, .i32).compare(.eq, 1).broadcast(like: x)
    }
}

extension Concatenate: ConfigurableLayer {
    public convenience init(configuration fields: JSONFields) {
        self.init(axis: fields.integer("axis", in: -64...64, default: -1), name: fields.name)
    }

    public var configuration: JSONObject {
        JSONObject([
            ("axis", .integer(axis))
        ])
    }
}
