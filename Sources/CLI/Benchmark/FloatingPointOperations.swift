import Martlet

extension Plan {
    /// The floating-point operations of the matrix products and attentions of one step, a multiply
    /// and an add counted as two. Everything else is small beside them and not counted.
    func floatingPointOperationCount(_ extents: SymbolExtents) -> Double {
        steps.map { $0.floatingPointOperationCount(extents) }.reduce(0, +)
    }
}

extension PlanStep {
    fileprivate func floatingPointOperationCount(_ extents: SymbolExtents) -> Double {
        let op: Op
        switch work {
        case .op(let single): op = single
        case .product(let product): op = .dotGeneral(product.product)
        case .cluster, .copy: return 0
        }
        func size(_ operand: Int, _ axis: Int) -> Double {
            Double(operands[operand].type.shape[axis].evaluated { extents($0) } ?? 0)
        }
        switch op {
        case .dotGeneral(let dot):
            let left = (0..<operands[0].type.rank).map { size(0, $0) }.reduce(1, *)
            let right = dot.rightFree(rank: operands[1].type.rank).map { size(1, $0) }
            return 2 * left * right.reduce(1, *)
        case .attention, .attentionGradient:
            // q is [batch, queries, heads, size], k and v are [batch, keys, heads, size].
            let pairs = size(0, 0) * size(0, 1) * size(0, 2) * size(1, 1)
            let (keySize, valueSize) = (size(0, 3), size(2, 3))
            if case .attention = op { return 2 * pairs * (keySize + valueSize) }
            // Backward: q·kᵀ again, then the gradients of p, v, q and k.
            return 2 * pairs * (3 * keySize + 2 * valueSize)
        default: return 0
        }
    }
}
