import MartletIR

/// An op that yields part of another's results, from parts of its operands.
struct SunkOp {
    var op: Op
    /// Of each operand, nil for all of it.
    var operands: [AxisPart?]

    /// Nil where the part cannot be computed on its own.
    init?(_ node: Node, _ part: AxisPart, in graph: Graph) {
        let types = node.operands.map { graph.type(of: $0) }
        let result = node.types[0].shape
        op = node.op
        operands = [AxisPart?](repeating: nil, count: types.count)
        switch node.op {
        case .unary, .binary, .compare, .select, .convert, .gelu:
            operands = operands.map { _ in part }
        case .biasActivation:
            operands[0] = part
            let biasAxis = part.axis - (result.rank - types[1].rank)
            if biasAxis >= 0 { operands[1] = part.of(biasAxis) }
        case .softmax(let softmax):
            guard softmax.axis != part.axis else { return nil }
            operands[0] = part
        case .logSoftmax(let softmax):
            guard softmax.axis != part.axis else { return nil }
            operands[0] = part
        case .reduce(let reduce):
            operands[0] = part.of(Self.kept(types[0].rank, reduce.axes)[part.axis])
        case .argMax(let argMax):
            operands[0] = part.of(Self.kept(types[0].rank, [argMax.axis])[part.axis])
        case .dotGeneral(let dot): product(dot, part, types)
        case .iota(let iota):
            guard iota.axis != part.axis else { return nil }
            let type = node.types[0]
            op = .iota(
                Iota(TensorType(type.dtype, part.shape(of: type.shape)), axis: iota.axis))
        case .broadcastInDim, .reshape, .transpose, .concatenate, .pad:
            guard move(part, types, result) else { return nil }
        case .randomBits, .dropout, .layerNorm, .attention:
            guard draw(part, types, result) else { return nil }
        case .input, .constant, .dimensionSize, .slice, .gather, .scatterAdd, .embedding,
            .embeddingGradient, .biasActivationGradient, .layerNormGradient, .attentionGradient,
            .packIndices, .packTokens, .unpackTokens, .packedAttention, .packedAttentionGradient,
            .softmaxCrossEntropy, .softmaxCrossEntropyGradient, .sgdUpdate, .adamUpdate,
            .embeddingAdamUpdate:
            return nil
        }
    }

    private static func kept(_ rank: Int, _ axes: [Int]) -> [Int] {
        (0..<rank).filter { !axes.contains($0) }
    }

    /// The axes of a product are the batch's, then those of the left operand, then the right's.
    private mutating func product(_ dot: DotGeneral, _ part: AxisPart, _ types: [TensorType]) {
        let (left, right) = (
            dot.leftFree(rank: types[0].rank), dot.rightFree(rank: types[1].rank)
        )
        let leftEnd = dot.leftBatch.count + left.count
        if part.axis < dot.leftBatch.count {
            operands = [part.of(dot.leftBatch[part.axis]), part.of(dot.rightBatch[part.axis])]
        } else if part.axis < leftEnd {
            operands[0] = part.of(left[part.axis - dot.leftBatch.count])
        } else {
            operands[1] = part.of(right[part.axis - leftEnd])
        }
    }

    // MARK: Movement

    /// False where the axis does not come from one axis of the operands.
    private mutating func move(_ part: AxisPart, _ types: [TensorType], _ result: Shape) -> Bool {
        switch op {
        case .transpose(let transpose): operands[0] = part.of(transpose.permutation[part.axis])
        case .concatenate(let concatenate):
            guard concatenate.axis != part.axis else { return false }
            operands = operands.map { _ in part }
        case .pad(let pad):
            guard pad.low[part.axis] == 0, pad.high[part.axis] == 0, pad.interior[part.axis] == 0
            else { return false }
            operands[0] = part
        case .broadcastInDim(var broadcast):
            // A repeated axis is repeated less often.
            let source = broadcast.dimensions.firstIndex(of: part.axis)
            if let source, types[0].shape[source] != 1 { operands[0] = part.of(source) }
            broadcast.shape = part.shape(of: result)
            op = .broadcastInDim(broadcast)
        case .reshape:
            guard let axis = Self.axis(part.axis, of: result, in: types[0].shape) else {
                return false
            }
            operands[0] = part.of(axis)
            op = .reshape(Reshape(part.shape(of: result)))
        default: return false
        }
        return true
    }

    /// The axis of a shape that a reshape left apart: with as many elements before and after it.
    private static func axis(_ axis: Int, of result: Shape, in operand: Shape) -> Int? {
        func count(_ dimensions: some Sequence<Dimension>) -> Dimension {
            dimensions.reduce(1, *)
        }
        let before = count(result.dimensions.prefix(axis))
        let after = count(result.dimensions.dropFirst(axis + 1))
        return operand.dimensions.indices.first {
            operand[$0] == result[axis] && count(operand.dimensions.prefix($0)) == before
                && count(operand.dimensions.dropFirst($0 + 1)) == after
        }
    }

    // MARK: Ops that draw random numbers

    private mutating func draw(_ part: AxisPart, _ types: [TensorType], _ result: Shape) -> Bool {
        switch op {
        case .randomBits(var bits):
            guard let rows = Self.rows(bits.rows, part, result) else { return false }
            bits.rows = rows
            bits.shape = part.shape(of: result)
            op = .randomBits(bits)
        case .dropout(var dropout):
            guard let rows = Self.rows(dropout.rows, part, result) else { return false }
            dropout.rows = rows
            op = .dropout(dropout)
            operands[0] = part
        case .layerNorm(var norm):
            guard part.axis < result.rank - 1 else { return false }
            if norm.rate > 0 {
                guard let rows = Self.rows(norm.rows, part, result) else { return false }
                norm.rows = rows
                op = .layerNorm(norm)
            }
            operands[0] = part
            if norm.hasResidual { operands[1] = part }
        case .attention(let attention): return attend(attention, part, types)
        default: return false
        }
        return true
    }

    /// Some of the queries, of all keys and values.
    private mutating func attend(
        _ attention: Attention, _ part: AxisPart, _ types: [TensorType]
    ) -> Bool {
        // A causal query is known by its position.
        guard part.axis == 1, !attention.isCausal else { return false }
        let queries = types[0].shape[1]
        if attention.rate > 0 {
            let heads = types[0].shape[2]
            let scores: Shape = [types[0].shape[0], heads, queries, types[1].shape[1]]
            guard let rows = Self.rows(attention.rows, part.of(2), scores) else { return false }
            var drawing = attention
            drawing.rows = rows
            op = .attention(drawing)
        }
        operands[0] = part
        if attention.hasMask, types[3].shape[2] != 1 { operands[3] = part.of(2) }
        return true
    }

    /// Where a part of a tensor's rows stands among all of them: one in so many.
    private static func rows(
        _ rows: RandomRows, _ part: AxisPart, _ shape: Shape
    ) -> RandomRows? {
        guard rows == .all, part.count == 1, part.axis < shape.rank - 1,
            shape.dimensions[(part.axis + 1)..<(shape.rank - 1)].allSatisfy({ $0 == 1 })
        else { return nil }
        return RandomRows(stride: shape[part.axis], offset: part.start)
    }
}
