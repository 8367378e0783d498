import MartletJSON

/// The product of tensors, which broadcast.
///
/// A masked step counts as 1 in the product; where all inputs are masked, the product is 0 at
/// steps that count in none.
public final class Multiply: Layer {
    public let name: String?

    public init(name: String? = nil) { self.name = name }

    public var maskRule: MaskRule { .custom }

    public func call(_ inputs: [Tensor], context: CallContext) throws -> Tensor {
        let aligned = try Merging.aligned(inputs, count: 1...Int.max, context)
        let masks = try aligned.map { x in try x.mask.map { try Merging.spread($0, over: x) } }
        var product: Tensor?
        for (x, mask) in zip(aligned, masks) {
            let factor = try mask.map { try $0.select(x, context.constant(1, x.dtype)) } ?? x
            product = try product.map { try $0 * factor } ?? factor
        }
        let output = product ?? inputs[0]
        var counts: Tensor?
        for mask in masks {
            guard let mask else { return output.attaching(mask: nil) }
            counts = try counts.map { try $0.or(mask) } ?? mask
        }
        guard let counts else { return output }
        let kept = try counts.select(output, context.constant(0, output.dtype))
        return kept.attaching(mask: try counts.reduced(.any, axes: [-1]))
    }
}

extension Multiply: ConfigurableLayer {
    public convenience init(configuration fields: JSONFields) {
        self.init(name: fields.name)
    }

    public var configuration: JSONObject { JSONObject() }
}
