import MartletIR

extension GraphBuilder {
    /// What a table's gradient is made of where it comes from one look-up: the ids, and what each
    /// adds to its row; nil for any other gradient, and for look-ups of every row once.
    func lookups(in gradient: Value) -> (ids: Value, rows: Value)? {
        let node = nodes[gradient.node]
        guard case .embeddingGradient = node.op, !isRange(node.operands[0]) else { return nil }
        return (node.operands[0], node.operands[1])
    }

    /// For the gradient of a table whose rows are looked up, the sum of the squares of what each
    /// look-up adds to its row; nil for any other gradient, and for look-ups of every row once.
    func squaresOfLookups(in gradient: Value) throws -> Value? {
        let node = nodes[gradient.node]
        switch node.op {
        case .embeddingGradient(let op):
            guard !isRange(node.operands[0]) else { return nil }
            let rows = node.operands[1]
            return try append(
                .embeddingGradient(op), [node.operands[0], multiply(rows, rows)])[0]
        case .scatterAdd:
            guard !isRange(node.operands[1]), isZero(node.operands[0]) else { return nil }
            let rows = node.operands[2]
            return try scatterAdd(node.operands[0], node.operands[1], multiply(rows, rows))
        case .binary(let binary) where binary.kind == .add:
            guard let left = try squaresOfLookups(in: node.operands[0]),
                let right = try squaresOfLookups(in: node.operands[1])
            else { return nil }
            return try add(left, right)
        default: return nil
        }
    }

    private func isRange(_ indices: Value) -> Bool {
        if case .iota = nodes[indices.node].op { true } else { false }
    }

    private func isZero(_ value: Value) -> Bool {
        var node = nodes[value.node]
        while case .broadcastInDim = node.op { node = nodes[node.operands[0].node] }
        if case .constant(let constant) = node.op { return constant.literal.splat == 0 }
        return false
    }
}
