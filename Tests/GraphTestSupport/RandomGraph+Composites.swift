import MartletIR

/// Random composites, sometimes spelled out as primitives, and transformer-like blocks of them.
extension RandomGraphGenerator {
    /// The op itself, or its decomposition: what fusion passes look for.
    private mutating func appendEither(_ op: Op, _ operands: [Value]) throws -> [Value] {
        guard choice.oneIn(2), let composite = op.composite else {
            return try builder.append(op, operands)
        }
        return try composite.decompose(operands, in: builder)
    }

    mutating func appendComposite() throws {
        let x = pick()
        let shape = shape(x.value)
        guard shape.rank > 0, !actual(shape).contains(0) else {
            return try push(appendEither(.gelu(Gelu()), [x.value])[0], bound: x.bound)
        }
        switch choice.below(7) {
        case 0:
            let axis = choice.below(shape.rank)
            try push(appendEither(.softmax(Softmax(axis: axis)), [x.value])[0], bound: 1)
        case 1:
            let axis = choice.below(shape.rank)
            try push(
                appendEither(.logSoftmax(LogSoftmax(axis: axis)), [x.value])[0],
                bound: 2 * x.bound + 6)
        case 2:
            let gelu = Gelu(isApproximate: choice.oneIn(2))
            try push(appendEither(.gelu(gelu), [x.value])[0], bound: x.bound)
        case 3: try push(appendDropout(x.value), bound: 2 * x.bound)
        case 4: try appendBiasActivation(x)
        case 5: try appendCrossEntropy(x)
        default: try push(appendNorm(x.value, residual: nil), bound: 4)
        }
    }

    private mutating func appendDropout(_ x: Value) throws -> Value {
        let key = try randomKey()
        let dropout = Dropout(rate: choice.of([0.1, 0.3, 0.5]), stream: freshStream())
        return try appendEither(.dropout(dropout), [x, key.seed, key.step])[0]
    }

    private mutating func appendBiasActivation(_ x: Entry) throws {
        let shape = shape(x.value)
        let biasRank = choice.oneIn(3) && shape.rank > 1 ? 2 : 1
        let biasShape = Shape(Array(shape.dimensions.suffix(biasRank)))
        let bias = try freshInput(biasShape)
        let activation = choice.of(BiasActivation.Activation.allCases)
        let values = try appendEither(
            .biasActivation(BiasActivation(activation)), [x.value, bias.value])
        try push(values[0], bound: x.bound + bias.bound)
    }

    private mutating func appendCrossEntropy(_ logits: Entry) throws {
        let shape = shape(logits.value)
        guard let classes = shape[shape.rank - 1].fixed, classes > 0 else { return }
        let rows = Shape(Array(shape.dimensions.dropLast()))
        let labels = try freshIntegers(rows, below: classes, dtype: choice.of([.i32, .i64]))
        let results: [Value]
        if choice.oneIn(3) {
            // As a loss written by hand: log-softmax, then the label's entry.
            let logs = try appendEither(
                .logSoftmax(LogSoftmax(axis: shape.rank - 1)), [logits.value])[0]
            let hot = try builder.oneHot(labels, like: logs)
            let chosen = try builder.select(hot, logs, builder.splat(0, builder.type(of: logs)))
            results = [try builder.negate(builder.reduce(.sum, chosen, axes: [shape.rank - 1]))]
        } else {
            results = try appendEither(
                .softmaxCrossEntropy(SoftmaxCrossEntropy()), [logits.value, labels])
        }
        try push(choice.of(results), bound: 2 * logits.bound + 6)
    }

    /// Layer normalization over the last axis, perhaps with a residual before it.
    private mutating func appendNorm(_ x: Value, residual: Value?) throws -> Value {
        let shape = shape(x)
        let width: Shape = [shape[shape.rank - 1]]
        var norm = LayerNorm(
            epsilon: choice.of([1e-3, 1e-2, 0.1]), hasResidual: residual != nil,
            hasScale: width.fixed != nil && !choice.oneIn(4),
            hasOffset: width.fixed != nil && !choice.oneIn(4))
        if residual != nil, choice.oneIn(2) {
            norm.rate = 0.25
            norm.stream = freshStream()
        }
        var operands = [x] + [residual].compactMap(\.self)
        if norm.hasScale { operands.append(try freshInput(width).value) }
        if norm.hasOffset { operands.append(try freshInput(width).value) }
        if norm.rate > 0 {
            let key = try randomKey()
            operands += [key.seed, key.step]
        }
        let results = try appendEither(.layerNorm(norm), operands)
        // Sometimes the sum is read as well, as in a pre-norm block.
        if residual != nil, choice.oneIn(3) { try push(results[3], bound: 6) }
        return results[0]
    }

    // MARK: Blocks

    /// Embedding or projection, attention, residual and norm, feed-forward, residual and norm.
    mutating func appendBlock() throws {
        let b = builder
        let (length, width) = (Dimension(choice.of([1, 2, 5])), choice.of([2, 4, 6]))
        let shape: Shape = [batch, length, Dimension(width)]
        var x = try blockInput(shape)
        let attended = try appendAttention(x, width: width)
        x = try appendNorm(attended, residual: x)
        let hidden = choice.of([3, 8])
        var y = try dense(x, from: width, to: hidden)
        let bias = try freshInput([Dimension(hidden)])
        let activation = choice.of(BiasActivation.Activation.allCases)
        y = try appendEither(.biasActivation(BiasActivation(activation)), [y, bias.value])[0]
        y = try dense(y, from: hidden, to: width)
        y = try b.addBias(y, freshInput([Dimension(width)]).value)
        if choice.oneIn(3) { y = try appendDropout(y) }
        x = try appendNorm(y, residual: x)
        if readsPositions { return try appendPosition(of: x) }
        try push(x, bound: 4)
        if choice.oneIn(2) { try push(b.mean(x, axes: [1]), bound: 4) }
    }

    /// One position of a sequence, with its axis or without.
    private mutating func appendPosition(of x: Value) throws {
        let shape = shape(x)
        let position = choice.below(shape[1].fixed ?? 1)
        var limits = shape
        limits.dimensions[1] = Dimension(position + 1)
        let part = try builder.slice(x, starts: [0, position, 0], limits: limits)
        let alone = try builder.reshape(part, [shape[0], shape[2]])
        try push(choice.oneIn(3) ? part : alone, bound: 4)
    }

    private mutating func blockInput(_ shape: Shape) throws -> Value {
        if choice.oneIn(2) { return try pick(shape).value }
        let ids = try freshIntegers([shape[0], shape[1]], below: 7)
        let table = try freshInput([7, shape[2]], role: .parameter)
        let positions = try freshInput([shape[1], shape[2]], role: .parameter)
        let tokens = try builder.append(.embedding(EmbeddingLookup()), table.value, ids)
        return try builder.add(
            tokens, builder.broadcastInDim(positions.value, shape, dimensions: [1, 2]))
    }

    private mutating func dense(_ x: Value, from: Int, to: Int) throws -> Value {
        let kernel = try freshInput([Dimension(from), Dimension(to)], role: .parameter)
        let last = shape(x).rank - 1
        let scale = 1 / Double(from).squareRoot()
        // Scaled ahead in some, so that a bias follows the product itself.
        let scaledAhead = !to.isMultiple(of: 2)
        let product = try builder.dotGeneral(
            scaledAhead ? builder.multiply(x, scale) : x, kernel.value, leftContracting: [last],
            rightContracting: [0])
        return scaledAhead ? product : try builder.multiply(product, scale)
    }

    /// Self- or cross-attention on `[batch, length, width]`, without the output projection.
    private mutating func appendAttention(_ x: Value, width: Int) throws -> Value {
        let shape = shape(x)
        let heads = choice.of([1, 2])
        let split: Shape = [shape[0], shape[1], Dimension(heads), Dimension(width / heads)]
        func projected(_ generator: inout Self) throws -> Value {
            let y = try generator.dense(x, from: width, to: width)
            return try generator.builder.reshape(y, split)
        }
        let (q, k, v) = try (projected(&self), projected(&self), projected(&self))
        var attention = Attention(
            scale: choice.of([0.5, 0.7071, 1]), isCausal: choice.oneIn(3),
            hasMask: choice.oneIn(2), maskedRows: choice.of([.uniform, .zero]))
        var operands = [q, k, v]
        if attention.hasMask {
            let mask: Shape = [
                choice.oneIn(3) ? 1 : shape[0], choice.oneIn(2) ? 1 : Dimension(heads),
                choice.oneIn(2) ? 1 : shape[1], choice.oneIn(4) ? 1 : shape[1],
            ]
            operands.append(try freshBooleans(mask))
        }
        if choice.oneIn(2) {
            attention.rate = 0.2
            attention.stream = freshStream()
            let key = try randomKey()
            operands += [key.seed, key.step]
        }
        attention.returnsScores = choice.oneIn(6)
        let results = try appendEither(.attention(attention), operands)
        if attention.returnsScores { try push(results[2], bound: 1) }
        if choice.oneIn(8) { try push(results[1], bound: 8) }
        return try builder.reshape(results[0], shape)
    }
}
