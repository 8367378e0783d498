/// NumPy's broadcasting over shapes with symbols: axes are matched from the last; an extent of 1
/// is repeated, and so is an axis that one side lacks.
enum Broadcasting {
    /// - Throws: `LayerError` naming the axis whose extents differ.
    static func shape(_ left: Shape, _ right: Shape, for what: String, at path: String) throws
        -> Shape
    {
        let rank = max(left.rank, right.rank)
        var dimensions: [Dimension] = []
        for axis in 0..<rank {
            let a = extent(left, axis, of: rank)
            let b = extent(right, axis, of: rank)
            if a == b || b == 1 {
                dimensions.append(a)
            } else if a == 1 {
                dimensions.append(b)
            } else {
                throw LayerError(
                    path: path,
                    "\(what): shapes \(left) and \(right) do not broadcast: "
                        + "axis \(axis - rank) has extents \(a) and \(b)")
            }
        }
        return Shape(dimensions)
    }

    private static func extent(_ shape: Shape, _ axis: Int, of rank: Int) -> Dimension {
        let own = axis - (rank - shape.rank)
        return own < 0 ? 1 : shape[own]
    }
}

extension Tracer {
    /// `x` repeated to a shape it broadcasts to, its axes matched from the last.
    func broadcast(_ x: Value, to shape: Shape) throws -> Value {
        let rank = builder.type(of: x).rank
        return try builder.broadcastInDim(
            x, shape, dimensions: Array((shape.rank - rank)..<shape.rank))
    }

    /// Two values brought to one shape.
    func broadcast(_ x: Value, _ y: Value, for what: String) throws -> (Value, Value) {
        let shape = try Broadcasting.shape(
            builder.type(of: x).shape, builder.type(of: y).shape, for: what, at: path)
        return (try broadcast(x, to: shape), try broadcast(y, to: shape))
    }
}
