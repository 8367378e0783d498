/// What the layers that merge tensors elementwise share.
enum Merging {
    /// Tensors of one rank: those of lower rank get axes of extent 1 behind the batch axis.
    static func aligned(
        _ inputs: [Tensor], count: ClosedRange<Int>, _ context: CallContext
    ) throws -> [Tensor] {
        let wanted =
            count.lowerBound == count.upperBound
            ? "\(count.lowerBound)" : "\(count.lowerBound) or more"
        try context.require(
            count.contains(inputs.count), "expected \(wanted) tensors, received \(inputs.count)")
        let rank = inputs.map(\.rank).max() ?? 0
        return try inputs.map { input in
            try context.require(
                input.shape.dimensions.first == inputs[0].shape.dimensions.first,
                "expected one batch size, received \(inputs.map(\.description))")
            let missing = rank - input.rank
            guard missing > 0, input.rank > 0 else { return input }
            var extents = input.shape.dimensions
            extents.insert(contentsOf: repeatElement(1, count: missing), at: 1)
            return try input.reshaped(to: Shape(extents)).attaching(mask: input.mask)
        }
    }

    /// Steps count where any input's do; nil if an input has no mask.
    static func mask(of inputs: [Tensor]) throws -> Tensor? {
        var merged: Tensor?
        for input in inputs {
            guard let mask = input.mask else { return nil }
            merged = try merged.map { try $0.or(mask) } ?? mask
        }
        return merged
    }

    /// A mask over leading axes, repeated along the last: `[batch, steps, features]`.
    static func spread(_ mask: Tensor, over x: Tensor) throws -> Tensor {
        try mask.expandingAxes(-1).broadcast(like: x)
    }

    /// Folds with `combine` over any number of inputs; the masks are joined.
    static func fold(
        _ inputs: [Tensor], _ context: CallContext, count: ClosedRange<Int> = 1...Int.max,
        _ combine: (Tensor, Tensor) throws -> Tensor
    ) throws -> Tensor {
        let aligned = try aligned(inputs, count: count, context)
        let result = try aligned.dropFirst().reduce(aligned[0], combine)
        return result.attaching(mask: try mask(of: inputs))
    }

    /// Folds like Keras's Maximum and Minimum: where only one of two steps counts, it wins.
    static func foldCounting(
        _ inputs: [Tensor], _ context: CallContext,
        _ combine: (Tensor, Tensor) throws -> Tensor
    ) throws -> Tensor {
        let aligned = try aligned(inputs, count: 1...Int.max, context)
        var output = aligned[0]
        var counts = try output.mask.map { try spread($0, over: output) }
        for input in aligned.dropFirst() {
            var x = input
            let mask = try input.mask.map { try spread($0, over: input) }
            if let mask { x = try mask.select(x, output) }
            if let counts { output = try counts.select(output, x) }
            if let mask, let known = counts { counts = try known.or(mask) } else { counts = nil }
            output = try combine(output, x)
        }
        guard let counts else { return output.attaching(mask: nil) }
        return output.attaching(mask: try counts.reduced(.any, axes: [-1]))
    }
}
