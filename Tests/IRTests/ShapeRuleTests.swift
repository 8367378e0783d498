import MartletIR
import Testing

/// What each op says of operands that do not fit it.
struct ShapeRuleTests {
    struct Misfit: Sendable, CustomTestStringConvertible {
        var op: Op
        var operands: [TensorType]
        var message: String
        var testDescription: String { "\(op.name): \(message)" }

        init(_ op: Op, _ operands: [TensorType], _ message: String) {
            self.op = op
            self.operands = operands
            self.message = message
        }
    }

    private static let batch = Symbol("batch", bound: 8)
    private static func f32(_ extents: Int...) -> TensorType { TensorType(.f32, Shape(extents)) }
    private static func i32(_ extents: Int...) -> TensorType { TensorType(.i32, Shape(extents)) }
    private static func bool(_ extents: Int...) -> TensorType { TensorType(.bool, Shape(extents)) }
    private static let scalar = TensorType(.i64, .scalar)
    private static let symbolic = TensorType(.f32, [Dimension(batch), 4])

    static let misfits: [Misfit] = [
        Misfit(.unary(Unary(.tanh)), [], "expected 1 operand, received 0"),
        Misfit(.unary(Unary(.tanh)), [i32(2)], "expected a float type, received i32"),
        Misfit(.unary(Unary(.negate)), [bool(2)], "expected a number, received bool"),
        Misfit(.unary(Unary(.not)), [f32(2)], "expected bool, received f32"),
        Misfit(
            .binary(Binary(.add)), [f32(2, 3), f32(3)],
            "second operand: expected f32[2, 3], received f32[3]"),
        Misfit(.binary(Binary(.and)), [f32(2), f32(2)], "expected bool, received f32"),
        Misfit(.binary(Binary(.add)), [bool(2), bool(2)], "expected a number, received bool"),
        Misfit(
            .select(Select()), [f32(2), f32(2), f32(2)],
            "condition: expected bool[2], received f32[2]"),
        Misfit(
            .compare(Compare(.lt)), [f32(2), i32(2)],
            "second operand: expected f32[2], received i32[2]"),
        Misfit(
            .broadcastInDim(BroadcastInDim(shape: [2, 3], dimensions: [1])), [f32(2)],
            "operand axis 0 has extent 2, but result axis 1 has 3; only an extent of 1 is "
                + "repeated"),
        Misfit(
            .broadcastInDim(BroadcastInDim(shape: [2, 3], dimensions: [1, 0])), [f32(3, 2)],
            "dimensions [1, 0] must rise"),
        Misfit(
            .reshape(Reshape([5])), [f32(2, 3)],
            "6 elements cannot fill shape [5], which holds 5"),
        Misfit(
            .reshape(Reshape([8])), [symbolic],
            "4*batch elements cannot fill shape [8], which holds 8"),
        Misfit(
            .transpose(Transpose([0, 0])), [f32(2, 3)],
            "[0, 0] is not a permutation of the axes 0..<2"),
        Misfit(
            .slice(Slice(starts: [1], limits: [5])), [f32(4)],
            "axis 0: 1..<5 by 1 does not lie in 0..<4"),
        Misfit(
            .slice(Slice(starts: [0, 0], limits: [3, 4])), [symbolic],
            "axis 0: 0..<3 by 1 does not always lie in the symbolic 0..<batch"),
        Misfit(
            .pad(Pad(low: [-1], high: [0])), [f32(4), f32()], "padding may not be negative"),
        Misfit(
            .pad(Pad(low: [0, 0], high: [0, 0], interior: [1, 0])), [symbolic, f32()],
            "axis 0 has the symbolic extent batch and cannot be spread"),
        Misfit(
            .concatenate(Concatenate(axis: 0)), [f32(2, 3), f32(2, 4)],
            "operand 1: expected f32[2, 3], received f32[2, 4]"),
        Misfit(
            .gather(Gather()), [symbolic, i32(2)],
            "the table's extent batch must be fixed"),
        Misfit(
            .gather(Gather()), [f32(2, 3), f32(2)],
            "indices: expected an integer type, received f32"),
        Misfit(
            .dotGeneral(DotGeneral(leftContracting: [1], rightContracting: [0])),
            [f32(2, 3), f32(4, 5)],
            "contracting extents differ: left axis 1 has 3, right axis 0 has 4"),
        Misfit(
            .dotGeneral(
                DotGeneral(
                    leftBatch: [0], rightBatch: [0], leftContracting: [0], rightContracting: [1])),
            [f32(2, 3), f32(2, 2)], "the left operand names an axis twice: [0, 0]"),
        Misfit(
            .reduce(Reduce(.sum, axes: [2])), [f32(2, 3)],
            "axis 2 is outside 0..<2 of a rank-2 operand"),
        Misfit(.reduce(Reduce(.and, axes: [0])), [f32(2)], "and of f32"),
        Misfit(
            .argMax(ArgMax(axis: 0)), [f32(0)], "axis 0 has no elements to choose from"),
        Misfit(
            .softmaxCrossEntropy(SoftmaxCrossEntropy()), [f32(2, 3), i32(3)],
            "labels: expected shape [2], received [3]"),
        Misfit(
            .dropout(Dropout(rate: 1.5, stream: 0)), [f32(2), scalar, scalar],
            "rate 1.5 is outside 0...1"),
        Misfit(
            .dropout(Dropout(rate: 0.5, stream: -1)), [f32(2), scalar, scalar],
            "stream -1 may not be negative"),
        Misfit(
            .dropout(Dropout(rate: 0.5, stream: 0)), [f32(2), i32(), scalar],
            "seed: expected i64[], received i32[]"),
        Misfit(
            .biasActivation(BiasActivation(.relu)), [f32(2, 3), f32(2)],
            "bias: expected f32[3], received f32[2]"),
        Misfit(
            .layerNorm(LayerNorm(epsilon: -1, hasScale: false, hasOffset: false)), [f32(2, 3)],
            "epsilon -1.0 may not be negative"),
        Misfit(
            .layerNorm(LayerNorm(epsilon: 1, hasOffset: false)), [f32(2, 3), f32(2)],
            "scale: expected f32[3], received f32[2]"),
        Misfit(
            .attention(Attention(scale: 1)), [f32(2, 3, 4), f32(2, 3, 4), f32(2, 3, 4)],
            "query: expected a rank-4 f32 tensor, received f32[2, 3, 4]"),
        Misfit(
            .attention(Attention(scale: 1)), [f32(2, 3, 1, 4), f32(2, 5, 1, 3), f32(2, 5, 1, 4)],
            "key: expected f32[2, 5, 1, 4], received f32[2, 5, 1, 3]"),
        Misfit(
            .attention(Attention(scale: 1, hasMask: true)),
            [f32(2, 3, 1, 4), f32(2, 5, 1, 4), f32(2, 5, 1, 4), bool(2, 1, 3, 4)],
            "mask: expected bool[2, 1, 3, 5] or extents of 1, received bool[2, 1, 3, 4]"),
        Misfit(
            .packIndices(PackIndices([4])), [i32(6)],
            "expected a source [batch, sequence], received i32[6]"),
        Misfit(
            .packIndices(PackIndices([Dimension(Symbol("tokens", bound: 5))])), [i32(2, 3)],
            "shape: tokens is bounded by 5, but 6 positions may be 6"),
        Misfit(
            .packTokens(PackTokens()), [f32(6), i32(4)],
            "expected x [batch, sequence, …], received f32[6]"),
        Misfit(
            .packTokens(PackTokens()), [f32(2, 3), i32(2, 2)],
            "indices: expected i32 of rank 1, received i32[2, 2]"),
        Misfit(
            .unpackTokens(UnpackTokens([2, 3])), [f32(5, 7), i32(4)],
            "expected y [4, …], received f32[5, 7]"),
        Misfit(
            .dropout(Dropout(rate: 0.5, stream: 0, rows: .indexed)),
            [f32(2, 3), scalar, scalar, i32(3)],
            "row indices: expected i32[2], received i32[3]"),
        Misfit(
            .packedAttention(PackedAttention(Attention(scale: 1), packsQueries: true)),
            [f32(4, 1, 2), f32(4, 1, 2), f32(5, 1, 2), bool(2, 3), i32(4), i32(3)],
            "value: expected [4, heads, size], received f32[5, 1, 2]"),
        Misfit(
            .packedAttention(PackedAttention(Attention(scale: 1), packsQueries: true)),
            [f32(4, 1, 2), f32(4, 1, 2), f32(4, 1, 2), bool(2, 3), i32(4), i32(4)],
            "offsets: expected i32[3], received i32[4]"),
        Misfit(
            .adamUpdate(AdamUpdate(beta1: 0.9, beta2: 0.99)),
            [f32(2), f32(2), f32(2), f32(3), f32(), f32()],
            "second moment: expected f32[2], received f32[3]"),
        Misfit(
            .adamUpdate(AdamUpdate(beta1: 0.9, beta2: 0.99, hasScale: true, hasSquares: true)),
            [f32(2), f32(2), f32(2), f32(2), f32(), f32(), f32(), f32()],
            "squares: expected f32[2], received f32[]"),
        Misfit(
            .adamUpdate(AdamUpdate(beta1: 0.9, beta2: 0.99, hasScale: true)),
            [f32(2), f32(2), f32(2), f32(2), f32(), f32(), f32(2)],
            "scale: expected f32[], received f32[2]"),
        Misfit(
            .embeddingAdamUpdate(
                EmbeddingAdamUpdate(beta1: 0.9, beta2: 0.99, countsLookupsApart: true)),
            [f32(5, 3), i32(4), f32(4, 2), f32(5, 3), f32(5, 3), f32(), f32()],
            "cotangent: expected f32[4, 3], received f32[4, 2]"),
        Misfit(
            .embeddingAdamUpdate(
                EmbeddingAdamUpdate(beta1: 0.9, beta2: 0.99, countsLookupsApart: true)),
            [f32(5), i32(4), f32(4, 2), f32(5, 3), f32(5, 3), f32(), f32()],
            "the table must have rank 2 and a fixed number of rows, received f32[5]"),
        Misfit(
            .constant(Constant(Literal(.i8, shape: [], elements: [300]))), [],
            "300.0 is not an i8"),
        Misfit(
            .constant(Constant(Literal(.f32, shape: [3], elements: [1, 2]))), [],
            "2 elements do not fill shape [3]"),
    ]

    @Test(arguments: misfits)
    func misfitIsExplained(_ misfit: Misfit) throws {
        let b = GraphBuilder()
        var operands: [Value] = []
        for (index, type) in misfit.operands.enumerated() {
            operands.append(try b.append(.input(Input("\(index)", role: .data, type: type))))
        }
        b.path = "block/dense"
        let error = #expect(throws: GraphError.self) { try b.append(misfit.op, operands) }
        let received = misfit.operands.map(\.description).joined(separator: ", ")
        let suffix = received.isEmpty ? "" : " (operands: \(received))"
        #expect(
            error?.description
                == "block/dense: \(misfit.op.name): \(misfit.message)\(suffix)")
    }
}
