import MartletIR

/// What a step takes at least, whatever runs it.
public struct StepCost: Hashable, Sendable {
    /// Of matrix products and attention: a multiply and an add are two.
    public var productOperationCount = 0.0
    /// Of everything else: one for each elementwise function of an element, exponentials included.
    public var elementOperationCount = 0.0
    /// Bytes of each distinct operand once and of each result once.
    public var byteCount = 0.0

    public init() {}

    public var operationCount: Double { productOperationCount + elementOperationCount }
}

extension Plan {
    /// The floating-point operations of the matrix products and attentions of one step of the
    /// model, a multiply and an add counted as two. Everything else is small beside them.
    public func productOperationCount(_ extents: SymbolExtents) -> Double {
        steps.reduce(0) { $0 + $1.cost(extents).productOperationCount }
    }
}

extension PlanStep {
    /// The step's work at actual extents.
    public func cost(_ extents: SymbolExtents) -> StepCost {
        var cost = StepCost()
        let count = ElementCounts(step: self, extents: extents)
        cost.byteCount = count.bytes
        switch work {
        case .copy: break
        case .cluster(let cluster):
            cost.elementOperationCount = Double(cluster.instructions.count) * count.result
        case .sum(let cluster):
            cost.elementOperationCount =
                Double(cluster.instructions.count + 1) * count.elements(cluster.shape)
        case .product(let product):
            cost.productOperationCount = count.product(product.product)
            let perElement = product.activation == .identity ? 1.0 : 2
            cost.elementOperationCount = perElement * count.result
        case .op(.dotGeneral(let dot)): cost.productOperationCount = count.product(dot)
        case .op(.attention): cost.productOperationCount = count.attention(operand: 0)
        case .op(.attentionGradient):
            cost.productOperationCount = count.attentionGradient(operand: 1)
        case .op(let op): cost.elementOperationCount = op.elementOperations(count)
        }
        return cost
    }
}

/// Elements and bytes of a step's operands and results at actual extents.
private struct ElementCounts {
    let step: PlanStep
    let extents: SymbolExtents

    func elements(_ shape: Shape) -> Double { shape.dimensions.reduce(1) { $0 * size($1) } }

    func elements(_ type: TensorType) -> Double { elements(type.shape) }

    func operand(_ index: Int) -> Double { elements(step.operands[index].type) }

    /// Elements of the first result that is kept.
    var result: Double { step.results.lazy.compactMap { $0 }.first.map { elements($0.type) } ?? 0 }

    private func size(_ dimension: Dimension) -> Double {
        Double(dimension.evaluated { extents($0) } ?? 0)
    }

    private func size(_ operand: Int, _ axis: Int) -> Double {
        size(step.operands[operand].type.shape[axis])
    }

    /// A table that is looked up is read only where it is looked up.
    var bytes: Double {
        func bytes(_ value: PlanValue) -> Double {
            elements(value.type) * Double(value.type.dtype.byteCount)
        }
        let results = step.results.compactMap { $0 }.map(bytes).reduce(0, +)
        var operands = Set(step.operands)
        var looked = 0.0
        switch step.work {
        case .op(.embedding), .op(.gather):
            operands.remove(step.operands[0])
            looked = min(bytes(step.operands[0]), results)
        default: break
        }
        return operands.map(bytes).reduce(0, +) + looked + results
    }

    func product(_ dot: DotGeneral) -> Double {
        let right = dot.rightFree(rank: step.operands[1].type.rank).map { size(1, $0) }
        return 2 * operand(0) * right.reduce(1, *)
    }

    /// q is [batch, queries, heads, size], k and v are [batch, keys, heads, size].
    private func pairs(_ first: Int) -> Double {
        size(first, 0) * size(first, 1) * size(first, 2) * size(first + 1, 1)
    }

    func attention(operand first: Int) -> Double {
        2 * pairs(first) * (size(first, 3) + size(first + 2, 3))
    }

    /// q·kᵀ again, then the gradients of p, v, q and k.
    func attentionGradient(operand first: Int) -> Double {
        2 * pairs(first) * (3 * size(first, 3) + 2 * size(first + 2, 3))
    }
}

extension Op {
    /// Elementwise operations by a fixed number for each element: a softmax is maximum, difference,
    /// exponential, sum and quotient. Moving data is none.
    fileprivate func elementOperations(_ count: ElementCounts) -> Double {
        switch self {
        case .input, .constant, .iota, .dimensionSize, .randomBits, .broadcastInDim, .reshape,
            .transpose, .slice, .pad, .concatenate, .gather, .embedding, .convert,
            .packTokens, .unpackTokens:
            0
        case .unary, .binary, .compare, .select, .gelu, .dropout: count.result
        case .reduce, .argMax: count.operand(0)
        case .scatterAdd: count.operand(2)
        case .packIndices: count.operand(0)
        case .embeddingGradient: count.operand(1)
        case .softmax, .logSoftmax: 5 * count.operand(0)
        case .biasActivation, .biasActivationGradient: 2 * count.result
        case .layerNorm(let op):
            (8 + (op.hasResidual ? 1 : 0) + (op.rate > 0 ? 1 : 0)) * count.operand(0)
        case .layerNormGradient: 12 * count.operand(0)
        case .softmaxCrossEntropy, .softmaxCrossEntropyGradient: 5 * count.operand(0)
        case .sgdUpdate: 4 * count.operand(0)
        case .adamUpdate: 12 * count.operand(0)
        case .embeddingAdamUpdate: 12 * count.operand(0) + 3 * count.operand(2)
        // Counted as products.
        case .dotGeneral, .attention, .attentionGradient, .packedAttention,
            .packedAttentionGradient:
            0
        }
    }
}
