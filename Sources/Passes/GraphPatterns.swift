import MartletIR

/// Looking back from a value at how it was made. Patterns are chains of these in `if let`.
extension GraphRewriter {
    func op(_ value: Value) -> Op { builder.nodes[value.node].op }

    func operands(_ value: Value) -> [Value] { builder.nodes[value.node].operands }

    func type(_ value: Value) -> TensorType { builder.type(of: value) }

    func unary(_ kind: Unary.Kind, _ value: Value) -> Value? {
        if case .unary(let unary) = op(value), unary.kind == kind {
            operands(value)[0]
        } else {
            nil
        }
    }

    func binary(_ kind: Binary.Kind, _ value: Value) -> (Value, Value)? {
        guard case .binary(let binary) = op(value), binary.kind == kind else { return nil }
        return (operands(value)[0], operands(value)[1])
    }

    /// The number every element of a value equals, if it is a constant or one broadcast.
    func splat(_ value: Value) -> Double? {
        var value = value
        while true {
            switch op(value) {
            case .constant(let constant): return constant.literal.splat
            case .broadcastInDim, .reshape: value = operands(value)[0]
            default: return nil
            }
        }
    }

    /// The operand of a broadcast, and the axes its axes became.
    func broadcast(_ value: Value) -> (source: Value, dimensions: [Int])? {
        guard case .broadcastInDim(let broadcast) = op(value) else { return nil }
        return (operands(value)[0], broadcast.dimensions)
    }

    /// The value that is repeated along all leading axes to make this one: a bias.
    func trailingBroadcast(_ value: Value) -> Value? {
        guard let (source, dimensions) = broadcast(value) else { return nil }
        let (rank, sourceRank) = (type(value).rank, type(source).rank)
        let isTrailing = dimensions == Array((rank - sourceRank)..<rank)
        let isWhole =
            Array(type(value).shape.dimensions.suffix(sourceRank))
            == type(source).shape.dimensions
        return isTrailing && isWhole && sourceRank > 0 ? source : nil
    }
}
