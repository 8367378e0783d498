/// Shapes, axes and masks. Results carry no mask unless said.
extension Tensor {
    /// The same elements in row-major order under another shape; one extent may be -1.
    ///
    /// - Throws: `LayerError` where the elements do not fill the shape.
    public func reshaped(_ extents: Int...) throws -> Tensor { try reshaped(extents) }

    /// The same elements in row-major order under another shape; one extent may be -1.
    public func reshaped(_ extents: [Int]) throws -> Tensor {
        guard extents.allSatisfy({ $0 >= -1 }), extents.count(where: { $0 == -1 }) <= 1 else {
            throw LayerError(
                path: originPath,
                "reshape: expected extents of 0 or more and at most one -1, received \(extents)")
        }
        return try Tensor.apply(
            .reshape(extents.map { $0 == -1 ? .inferred : .fixed($0) }), [self])
    }

    /// The same elements under a shape whose symbolic extents are among this tensor's own, or
    /// follow from the others.
    public func reshaped(to shape: Shape) throws -> Tensor {
        var unused = Array(self.shape.dimensions.indices)
        var extents: [TensorOperation.ReshapeExtent] = []
        for dimension in shape.dimensions {
            if let fixed = dimension.fixed {
                extents.append(.fixed(fixed))
            } else if let index = unused.firstIndex(where: { self.shape[$0] == dimension }) {
                extents.append(.same(axis: unused.remove(at: index)))
            } else if !extents.contains(.inferred) {
                extents.append(.inferred)
            } else {
                throw LayerError(
                    path: originPath, "reshape: \(dimension) of \(shape) is no extent of \(self)")
            }
        }
        return try Tensor.apply(.reshape(extents), [self])
    }

    /// Result axis i is axis `permutation[i]`.
    public func transposed(_ permutation: [Int]) throws -> Tensor {
        let axes = try permutation.map { try resolve(axis: $0, for: "transpose") }
        return try Tensor.apply(.transpose(axes), [self])
    }

    /// The last two axes swapped.
    public func transposed() throws -> Tensor {
        guard rank >= 2 else {
            throw LayerError(
                path: originPath, "transpose: expected rank 2 or more, received \(self)")
        }
        return try transposed(Array(0..<(rank - 2)) + [rank - 1, rank - 2])
    }

    /// New axes of extent 1 at these places of the result.
    public func expandingAxes(_ axes: Int...) throws -> Tensor {
        let rank = self.rank + axes.count
        let places = axes.map { $0 < 0 ? $0 + rank : $0 }
        guard Set(places).count == axes.count, places.allSatisfy({ (0..<rank).contains($0) }) else {
            throw LayerError(
                path: originPath, "expandingAxes: axes \(axes) are not distinct places of \(rank)")
        }
        var own = 0
        let extents: [TensorOperation.ReshapeExtent] = (0..<rank).map { place in
            if places.contains(place) { return .fixed(1) }
            own += 1
            return .same(axis: own - 1)
        }
        return try Tensor.apply(.reshape(extents), [self])
    }

    /// Without these axes, whose extents must be 1.
    public func squeezingAxes(_ axes: Int...) throws -> Tensor {
        let places = try axes.map { try resolve(axis: $0, for: "squeezingAxes") }
        guard places.allSatisfy({ shape[$0] == 1 }) else {
            throw LayerError(
                path: originPath, "squeezingAxes: axes \(axes) of \(self) are not all of extent 1")
        }
        let kept = (0..<rank).filter { !places.contains($0) }
        return try Tensor.apply(.reshape(kept.map { .same(axis: $0) }), [self])
    }

    /// Repeated to the shape of another tensor, axes matched from the last.
    public func broadcast(like other: Tensor) throws -> Tensor {
        try Tensor.apply(.broadcastLike, [self, other])
    }

    /// Elements `range` along an axis.
    public func slice(axis: Int, _ range: Range<Int>) throws -> Tensor {
        let axis = try resolve(axis: axis, for: "slice")
        return try Tensor.apply(
            .slice(axis: axis, lower: range.lowerBound, upper: range.upperBound), [self])
    }

    /// The elements at one index along an axis, which vanishes: `x.element(0, axis: 1)` is the
    /// first token of each sequence.
    public func element(_ index: Int, axis: Int) throws -> Tensor {
        try slice(axis: axis, index..<(index + 1)).squeezingAxes(axis)
    }

    /// Tensors one after another along an axis.
    public static func concatenate(_ tensors: [Tensor], axis: Int = -1) throws -> Tensor {
        guard let first = tensors.first else {
            throw LayerError("concatenate: no tensor was given")
        }
        let axis = try first.resolve(axis: axis, for: "concatenate")
        return tensors.count == 1 ? first : try apply(.concatenate(axis: axis), tensors)
    }

    /// Another element type; f32 stands for the trace's float type.
    public func converted(to dtype: DType) throws -> Tensor {
        try Tensor.apply(.convert(dtype), [self])
    }

    /// The tensor with a mask attached: bool, true where elements count, usually over the leading
    /// axes `[batch, steps]`.
    public func masked(by mask: Tensor) throws -> Tensor {
        guard mask.dtype == .bool, mask.rank >= 1, mask.rank <= rank,
            mask.shape.dimensions.first == shape.dimensions.first
        else {
            throw LayerError(
                path: originPath,
                "masked(by:): expected a bool tensor with the batch axis of \(self), "
                    + "received \(mask)")
        }
        return try Tensor.apply(.attachMask, [self, mask])
    }

    /// The tensor without its mask.
    public func withoutMask() throws -> Tensor { try Tensor.apply(.detachMask, [self]) }
}
