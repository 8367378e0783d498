import MartletIR
import Testing

/// One op with operands that fit it: what the tests of the whole catalogue loop over.
package struct OpExample: Sendable, CustomTestStringConvertible {
    package var label: String
    package var op: Op
    package var operands: [Operand]

    /// An operand's type and the values it may take.
    package struct Operand: Sendable {
        package var type: TensorType
        package var range: ClosedRange<Double>
        /// The values themselves, where others would make no sense.
        package var elements: [Double]?
    }

    package init(_ label: String, _ op: Op, _ operands: Operand...) {
        self.label = label
        self.op = op
        self.operands = operands
    }

    package var testDescription: String { label }
}

private func float(
    _ extents: Int..., in range: ClosedRange<Double> = -2...2
) -> OpExample.Operand {
    OpExample.Operand(type: TensorType(.f64, Shape(extents)), range: range)
}

private func integer(_ extents: Int..., in range: ClosedRange<Double>) -> OpExample.Operand {
    OpExample.Operand(type: TensorType(.i32, Shape(extents)), range: range)
}

private func boolean(_ extents: Int...) -> OpExample.Operand {
    OpExample.Operand(type: TensorType(.bool, Shape(extents)), range: 0...1)
}

private func given(_ dtype: DType, _ extents: Int..., as elements: [Double]) -> OpExample.Operand {
    OpExample.Operand(
        type: TensorType(dtype, Shape(extents)), range: 0...1, elements: elements)
}

/// Seed and step of a random op.
private let key = OpExample.Operand(type: TensorType(.i64, .scalar), range: 3...9)

extension OpExample {
    /// At least one example of every op and of every variant with rules of its own.
    package static let all: [OpExample] =
        leaves + elementwise + movement + contractions + softmaxes + activations + norms
        + attentions + packing + updates

    package static let leaves: [OpExample] = [
        OpExample("constant", .constant(Constant(Literal(.f64, shape: [2], elements: [1, 2])))),
        OpExample("iota", .iota(Iota(TensorType(.f64, [2, 3]), axis: 1))),
        OpExample("size", .dimensionSize(DimensionSize([2, 3], .f64))),
        OpExample("random bits", .randomBits(RandomBits(shape: [3, 20], stream: 1)), key, key),
        OpExample(
            "random bits of every fifth row",
            .randomBits(
                RandomBits(shape: [3, 20], stream: 1, rows: RandomRows(stride: 5, offset: 2))), key,
            key),
    ]

    package static let elementwise: [OpExample] =
        Unary.Kind.allCases.map { kind in
            switch kind {
            case .log, .sqrt, .rsqrt, .logPlusOne:
                OpExample(kind.rawValue, .unary(Unary(kind)), float(2, 3, in: 0.3...2))
            case .abs, .sign, .floor, .ceil:
                OpExample(kind.rawValue, .unary(Unary(kind)), float(2, 3, in: 0.2...0.9))
            case .not: OpExample(kind.rawValue, .unary(Unary(kind)), boolean(2, 3))
            default: OpExample(kind.rawValue, .unary(Unary(kind)), float(2, 3))
            }
        }
        + Binary.Kind.allCases.map { kind in
            switch kind {
            case .and, .or:
                OpExample(kind.rawValue, .binary(Binary(kind)), boolean(5), boolean(5))
            case .divide:
                OpExample(kind.rawValue, .binary(Binary(kind)), float(5), float(5, in: 0.5...2))
            case .power:
                OpExample(kind.rawValue, .binary(Binary(kind)), float(5, in: 0.3...2), float(5))
            default: OpExample(kind.rawValue, .binary(Binary(kind)), float(5), float(5))
            }
        }
        + [
            OpExample("compare", .compare(Compare(.lt)), float(5), float(5)),
            OpExample("select", .select(Select()), boolean(5), float(5), float(5)),
            OpExample("convert", .convert(Convert(to: .f32)), float(5)),
        ]

    package static let movement: [OpExample] = [
        OpExample(
            "broadcast", .broadcastInDim(BroadcastInDim(shape: [2, 3, 4], dimensions: [0, 2])),
            float(2, 1)),
        OpExample("reshape", .reshape(Reshape([3, 4])), float(2, 6)),
        OpExample("transpose", .transpose(Transpose([2, 0, 1])), float(2, 3, 4)),
        OpExample(
            "slice", .slice(Slice(starts: [1, 0], limits: [6, 3], strides: [2, 1])), float(7, 3)),
        OpExample(
            "pad", .pad(Pad(low: [1, 0], high: [0, 2], interior: [1, 0])), float(3, 2), float()),
        OpExample("concatenate", .concatenate(Concatenate(axis: 1)), float(2, 3), float(2, 1)),
        OpExample("gather", .gather(Gather()), float(5, 3), integer(2, 2, in: 0...4)),
        OpExample(
            "scatter", .scatterAdd(ScatterAdd()), float(5, 3), integer(4, in: 0...4), float(4, 3)),
        OpExample("embedding", .embedding(EmbeddingLookup()), float(5, 3), integer(7, in: 0...4)),
        OpExample(
            "embedding gradient", .embeddingGradient(EmbeddingGradient(rowCount: 5)),
            integer(7, in: 0...4), float(7, 3)),
    ]

    package static let contractions: [OpExample] =
        [
            OpExample(
                "dense", .dotGeneral(DotGeneral(leftContracting: [2], rightContracting: [0])),
                float(2, 3, 4), float(4, 5)),
            OpExample(
                "two contracting",
                .dotGeneral(DotGeneral(leftContracting: [2, 0], rightContracting: [0, 2])),
                float(2, 3, 4), float(4, 5, 2)),
            OpExample(
                "batched",
                .dotGeneral(
                    DotGeneral(
                        leftBatch: [0, 2], rightBatch: [0, 2], leftContracting: [3],
                        rightContracting: [3])), float(2, 3, 2, 4), float(2, 5, 2, 4)),
            OpExample("arg max", .argMax(ArgMax(axis: 1)), float(3, 4)),
        ]
        + Reduce.Kind.allCases.map { kind in
            kind == .and || kind == .or
                ? OpExample(
                    "reduce \(kind)", .reduce(Reduce(kind, axes: [0, 2])), boolean(2, 3, 2))
                : OpExample(
                    "reduce \(kind)", .reduce(Reduce(kind, axes: [0, 2])), float(2, 3, 2))
        }

    package static let softmaxes: [OpExample] = [
        OpExample("softmax", .softmax(Softmax(axis: 1)), float(2, 5, 2)),
        OpExample("log softmax", .logSoftmax(LogSoftmax(axis: 1)), float(3, 5)),
        OpExample(
            "softmax cross entropy", .softmaxCrossEntropy(SoftmaxCrossEntropy()), float(3, 4),
            integer(3, in: 0...3)),
        OpExample(
            "softmax cross entropy gradient",
            .softmaxCrossEntropyGradient(SoftmaxCrossEntropyGradient()), float(3, 4),
            integer(3, in: 0...3), float(3), float(3)),
    ]

    package static let activations: [OpExample] =
        [
            OpExample("gelu", .gelu(Gelu()), float(7)),
            OpExample("gelu approximate", .gelu(Gelu(isApproximate: true)), float(7)),
            OpExample("dropout", .dropout(Dropout(rate: 0.4, stream: 2)), float(3, 20), key, key),
            OpExample(
                "dropout of every fifth row",
                .dropout(Dropout(rate: 0.4, stream: 2, rows: RandomRows(stride: 5, offset: 2))),
                float(3, 20), key, key),
        ]
        + BiasActivation.Activation.allCases.map {
            OpExample(
                "bias \($0)", .biasActivation(BiasActivation($0)), float(2, 3, 4), float(3, 4))
        }
        + BiasActivation.Activation.allCases.map {
            $0.hasSlopeFromResult
                ? OpExample(
                    "bias \($0) gradient", .biasActivationGradient(BiasActivationGradient($0)),
                    float(3, 4), float(3, 4))
                : OpExample(
                    "bias \($0) gradient", .biasActivationGradient(BiasActivationGradient($0)),
                    float(3, 4), float(3, 4), float(4))
        }

    package static let norms: [OpExample] = [
        OpExample(
            "layer norm", .layerNorm(LayerNorm(epsilon: 1e-3)), float(2, 3, 5), float(5), float(5)),
        OpExample(
            "layer norm bare",
            .layerNorm(LayerNorm(epsilon: 0.1, hasScale: false, hasOffset: false)),
            float(3, 5)),
        OpExample(
            "layer norm residual dropout",
            .layerNorm(LayerNorm(epsilon: 1e-6, hasResidual: true, rate: 0.3, stream: 4)),
            float(3, 5), float(3, 5), float(5), float(5), key, key),
        OpExample(
            "layer norm gradient", .layerNormGradient(LayerNormGradient()), float(3, 5),
            float(3, 5), float(3), float(3, in: 0.5...2), float(5)),
        OpExample(
            "layer norm gradient bare",
            .layerNormGradient(LayerNormGradient(hasScale: false, hasOffset: false)), float(3, 5),
            float(3, 5), float(3), float(3, in: 0.5...2)),
    ]

    package static let attentions: [OpExample] =
        [
            Attention(scale: 0.5),
            Attention(scale: 0.5, isCausal: true),
            Attention(scale: 0.7, hasMask: true),
            Attention(scale: 0.7, hasMask: true, maskedRows: .zero, rate: 0.3, stream: 5),
            Attention(scale: 0.7, isCausal: true, rate: 0.2, stream: 6),
            Attention(scale: 0.7, rate: 0.2, stream: 6, rows: RandomRows(stride: 7, offset: 1)),
            Attention(scale: 0.7, hasMask: true, maskedRows: .zero, returnsScores: true),
        ].flatMap { attention in
            let label =
                "causal \(attention.isCausal), mask \(attention.hasMask), "
                + "rate \(attention.rate), scores \(attention.returnsScores)"
            let inputs = [float(2, 3, 2, 4), float(2, 5, 2, 4), float(2, 5, 2, 3)]
            let rest =
                (attention.hasMask ? [boolean(2, 1, 3, 5)] : [])
                + (attention.rate > 0 ? [key, key] : [])
            var forward = OpExample("attention: " + label, .attention(attention))
            forward.operands = inputs + rest
            var backward = OpExample(
                "attention gradient: " + label, .attentionGradient(AttentionGradient(attention)))
            backward.operands =
                [float(2, 3, 2, 3)] + inputs + [float(2, 3, 2, 3), float(2, 2, 3)] + rest
            return [forward, backward]
        }

    /// Rows of five positions that keep three (with a hole), all (with padding in front), and one.
    package static let packing: [OpExample] = {
        let elements = [1.0, 0, 1, 0, 0] + [0, 0, 0, 1, 1] + [1, 0, 0, 0, 0]
        let mask = given(.bool, 3, 5, as: elements)
        let indices = given(.i32, 9, as: [0, 1, 2, 5, 6, 7, 8, 9, 10])
        let offsets = given(.i32, 4, as: [0, 3, 8, 9])
        var examples = [
            OpExample("pack indices", .packIndices(PackIndices([9])), mask),
            OpExample("pack tokens", .packTokens(PackTokens()), float(3, 5, 2, 3), indices),
            OpExample(
                "unpack tokens", .unpackTokens(UnpackTokens([3, 5])), float(9, 2, 3), indices),
            OpExample(
                "random bits by index",
                .randomBits(RandomBits(shape: [3, 20], stream: 1, rows: .indexed)), key, key,
                given(.i32, 3, as: [4, 1, 4])),
            OpExample(
                "dropout by index", .dropout(Dropout(rate: 0.4, stream: 2, rows: .indexed)),
                float(9, 20), key, key, indices),
            OpExample(
                "layer norm by index",
                .layerNorm(
                    LayerNorm(
                        epsilon: 1e-3, hasResidual: true, rate: 0.3, stream: 4, rows: .indexed)),
                float(9, 21), float(9, 21), float(21), float(21), key, key, indices),
            OpExample(
                "unpack equal indices", .unpackTokens(UnpackTokens([1, 5])), float(3, 2),
                given(.i32, 3, as: [4, 1, 4])),
        ]
        for packsQueries in [true, false] {
            for (rows, rate) in [(Attention.MaskedRows.uniform, 0.0), (.zero, 0.3)] {
                let attention = PackedAttention(
                    Attention(scale: 0.6, maskedRows: rows, rate: rate, stream: 7),
                    packsQueries: packsQueries)
                let label = "packs queries \(packsQueries), rate \(rate)"
                let query = packsQueries ? float(9, 2, 4) : float(3, 2, 2, 4)
                let inputs = [query, float(9, 2, 4), float(9, 2, 3)]
                let rest = [mask, indices, offsets] + (rate > 0 ? [key, key] : [])
                var forward = OpExample("packed attention: " + label, .packedAttention(attention))
                forward.operands = inputs + rest
                var backward = OpExample(
                    "packed attention gradient: " + label,
                    .packedAttentionGradient(PackedAttentionGradient(attention)))
                let output = packsQueries ? float(9, 2, 3) : float(3, 2, 2, 3)
                let lse = packsQueries ? float(2, 9) : float(3, 2, 2)
                backward.operands = [output] + inputs + [output, lse] + rest
                examples += [forward, backward]
            }
        }
        return examples
    }()

    package static let updates: [OpExample] = [
        OpExample("sgd", .sgdUpdate(SGDUpdate()), float(3), float(3), float()),
        OpExample(
            "sgd nesterov",
            .sgdUpdate(SGDUpdate(momentum: 0.9, isNesterov: true, hasDecay: true)), float(3),
            float(3), float(), float(3), float()),
        OpExample(
            "adam", .adamUpdate(AdamUpdate(beta1: 0.9, beta2: 0.999, hasDecay: true)), float(3),
            float(3), float(3), float(3, in: 0...1), float(), float(in: 0.1...1), float()),
        OpExample(
            "adam of scaled gradients and given squares",
            .adamUpdate(
                AdamUpdate(beta1: 0.9, beta2: 0.999, hasScale: true, hasSquares: true)),
            float(3), float(3), float(3), float(3, in: 0...1), float(), float(in: 0.1...1),
            float(3, in: 0...1), float()),
        OpExample(
            "adam of lookups",
            .embeddingAdamUpdate(
                EmbeddingAdamUpdate(beta1: 0.9, beta2: 0.999, countsLookupsApart: false)),
            float(5, 3), integer(2, 4, in: 0...4), float(2, 4, 3), float(5, 3),
            float(5, 3, in: 0...1), float(), float(in: 0.1...1)),
        OpExample(
            "adam of lookups apart",
            .embeddingAdamUpdate(
                EmbeddingAdamUpdate(
                    beta1: 0.9, beta2: 0.999, countsLookupsApart: true, hasDecay: true)),
            float(5, 3), integer(7, in: 0...4), float(7, 3), float(5, 3), float(5, 3, in: 0...1),
            float(), float(in: 0.1...1), float()),
    ]
}

extension OpExample {
    /// The op whose output and log-sum-exp a fused gradient relies on, by the gradient's operands
    /// that it takes; nil for other ops.
    package var forward: (op: Op, operands: (_ gradient: [Value]) -> [Value])? {
        let operands = { (operands: [Value]) in Array(operands[1...3]) + operands.dropFirst(6) }
        switch op {
        case .attentionGradient(let gradient): return (.attention(gradient.forward), operands)
        case .packedAttentionGradient(let gradient):
            return (.packedAttention(gradient.forward), operands)
        default: return nil
        }
    }

    /// The example with every f64 replaced by f32.
    package var inFloat32: OpExample {
        var example = self
        for index in operands.indices where operands[index].type.dtype == .f64 {
            example.operands[index].type.dtype = .f32
        }
        switch op {
        case .constant(var constant):
            constant.literal.dtype = .f32
            example.op = .constant(constant)
        case .iota(var iota):
            iota.type.dtype = .f32
            example.op = .iota(iota)
        case .dimensionSize(var size):
            size.dtype = .f32
            example.op = .dimensionSize(size)
        case .convert: example.op = .convert(Convert(to: .i32))
        default: break
        }
        return example
    }

    /// Values for the operands, drawn from their ranges.
    package func randomOperands(seed: UInt64) -> [ReferenceTensor] {
        operands.enumerated().map { index, operand in
            let source = RandomSource(seed: seed, stream: UInt64(index))
            let shape = operand.type.shape.fixed ?? []
            if let elements = operand.elements {
                return ReferenceTensor(operand.type.dtype, shape: shape, elements: elements)
            }
            let (low, high) = (operand.range.lowerBound, operand.range.upperBound)
            let elements = (0..<shape.reduce(1, *)).map { element in
                operand.type.dtype.isFloat
                    ? low + (high - low) * source.uniformDouble(at: UInt64(element))
                    : low + Double(source.integer(at: UInt64(element), below: Int(high - low) + 1))
            }
            return ReferenceTensor(operand.type.dtype, shape: shape, elements: elements)
        }
    }
}
