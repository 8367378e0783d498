import GraphTestSupport
import MartletIR
import Testing

/// The reference kernels against values worked out by hand.
struct ReferenceKernelTests {
    /// The first result of an op on constants.
    private func evaluate(_ op: Op, _ operands: ReferenceTensor...) throws -> ReferenceTensor {
        let b = GraphBuilder()
        var values: [Value] = []
        var inputs: [String: ReferenceTensor] = [:]
        for (index, operand) in operands.enumerated() {
            let type = TensorType(operand.dtype, Shape(operand.shape))
            values.append(try b.append(.input(Input("\(index)", role: .data, type: type))))
            inputs["\(index)"] = operand
        }
        b.output("y", try b.append(op, values)[0])
        return try #require(ReferenceInterpreter().run(b.build(), inputs)["y"])
    }

    private func f64(_ shape: [Int], _ elements: [Double]) -> ReferenceTensor {
        ReferenceTensor(.f64, shape: shape, elements: elements)
    }

    private func i32(_ shape: [Int], _ elements: [Double]) -> ReferenceTensor {
        ReferenceTensor(.i32, shape: shape, elements: elements)
    }

    @Test func dotGeneralOverTwoAxesAndABatch() throws {
        // result[b, i] = Σ_k left[b, i, k] · right[k, b]
        let op = DotGeneral(
            leftBatch: [0], rightBatch: [1], leftContracting: [2], rightContracting: [0])
        let y = try evaluate(
            .dotGeneral(op), f64([2, 1, 2], [1, 2, 3, 4]), f64([2, 2], [10, 20, 30, 40]))
        #expect(y == f64([2, 1], [1 * 10 + 2 * 30, 3 * 20 + 4 * 40]))
    }

    @Test func movement() throws {
        let x = f64([2, 3], [1, 2, 3, 4, 5, 6])
        #expect(
            try evaluate(.transpose(Transpose([1, 0])), x) == f64([3, 2], [1, 4, 2, 5, 3, 6]))
        #expect(
            try evaluate(.slice(Slice(starts: [1, 0], limits: [2, 3], strides: [1, 2])), x)
                == f64([1, 2], [4, 6]))
        #expect(
            try evaluate(
                .pad(Pad(low: [0, 1], high: [1, 0], interior: [0, 1])), x, f64([], [9]))
                == f64([3, 6], [9, 1, 9, 2, 9, 3, 9, 4, 9, 5, 9, 6, 9, 9, 9, 9, 9, 9]))
        #expect(
            try evaluate(.concatenate(Concatenate(axis: 1)), x, f64([2, 1], [7, 8]))
                == f64([2, 4], [1, 2, 3, 7, 4, 5, 6, 8]))
        #expect(
            try evaluate(
                .broadcastInDim(BroadcastInDim(shape: [2, 2, 2], dimensions: [0, 2])),
                f64([2, 1], [1, 2])) == f64([2, 2, 2], [1, 1, 1, 1, 2, 2, 2, 2]))
    }

    @Test func indexing() throws {
        let table = f64([3, 2], [1, 2, 3, 4, 5, 6])
        #expect(
            try evaluate(.gather(Gather()), table, i32([2], [2, 0])) == f64([2, 2], [5, 6, 1, 2]))
        #expect(
            try evaluate(
                .scatterAdd(ScatterAdd()), table, i32([2], [1, 1]), f64([2, 2], [10, 20, 30, 40]))
                == f64([3, 2], [1, 2, 43, 64, 5, 6]))
        let error = #expect(throws: GraphError.self) {
            try evaluate(.gather(Gather()), table, i32([2], [0, 3]))
        }
        #expect(error?.message.contains("index 3 at position 1") == true)
    }

    @Test func reductionsOverNothing() throws {
        let empty = f64([2, 0], [])
        #expect(try evaluate(.reduce(Reduce(.sum, axes: [1])), empty) == f64([2], [0, 0]))
        #expect(try evaluate(.reduce(Reduce(.product, axes: [1])), empty) == f64([2], [1, 1]))
        #expect(
            try evaluate(.reduce(Reduce(.max, axes: [1])), empty)
                == f64([2], [-.infinity, -.infinity]))
        #expect(
            try evaluate(.reduce(Reduce(.min, axes: [1])), i32([1, 0], []))
                == i32([1], [2_147_483_647]))
    }

    @Test func specialNumbers() throws {
        let nan = Double.nan
        let maximum = try evaluate(
            .binary(Binary(.maximum)), f64([3], [nan, 1, -0.0]), f64([3], [1, nan, -1]))
        #expect(maximum.elements[0].isNaN && maximum.elements[1].isNaN && maximum.elements[2] == 0)
        #expect(
            try evaluate(
                .binary(Binary(.divide)), i32([4], [7, -7, 5, 0]), i32([4], [2, 2, 0, 0]))
                == i32([4], [3, -3, -1, -1]))
        #expect(
            try evaluate(.binary(Binary(.remainder)), i32([3], [7, -7, 5]), i32([3], [4, 4, 0]))
                == i32([3], [3, -3, 5]))
        #expect(
            try evaluate(
                .binary(Binary(.add)), i32([1], [2_147_483_647]), i32([1], [1]))
                == i32([1], [-2_147_483_648]))
        #expect(
            try evaluate(
                .convert(Convert(to: .i8)), f64([4], [1.9, -1.9, 300, nan]))
                == ReferenceTensor(.i8, shape: [4], elements: [1, -1, 127, 0]))
        #expect(
            try evaluate(.convert(Convert(to: .u8)), i32([2], [257, -1]))
                == ReferenceTensor(.u8, shape: [2], elements: [1, 255]))
        #expect(
            try evaluate(.compare(Compare(.ne)), f64([2], [nan, 1]), f64([2], [nan, 1])).elements
                == [1, 0])
        #expect(
            try evaluate(.argMax(ArgMax(axis: 0)), f64([4], [1, 3, nan, 3])).elements == [2])
        #expect(try evaluate(.argMax(ArgMax(axis: 0)), f64([3], [1, 3, 3])).elements == [1])
    }

    @Test func narrowFloatsRound() throws {
        let x = f64([3], [1.00390625, 65519.9, 1e-8])
        #expect(
            try evaluate(.convert(Convert(to: .bf16)), x).elements
                == [1, 65536, Double(Float(1e-8).roundedToBFloat16)])
        #expect(
            try evaluate(.convert(Convert(to: .f16)), x).elements == [1.00390625, 65504, 0])
    }

    @Test func compositesByHand() throws {
        let softmax = try evaluate(.softmax(Softmax(axis: 0)), f64([2], [1000, 1000]))
        #expect(softmax.elements == [0.5, 0.5])
        let loss = try evaluate(
            .softmaxCrossEntropy(SoftmaxCrossEntropy()), f64([1, 2], [0, 0]), i32([1], [1]))
        #expect(abs(loss.elements[0] - 0.6931471805599453) < 1e-15)
        let norm = LayerNorm(epsilon: 0, hasScale: false, hasOffset: false)
        #expect(try evaluate(.layerNorm(norm), f64([1, 2], [3, 5])).elements == [-1, 1])
        // A row whose every key is forbidden: equal weights, or zeros.
        let qkv = [
            f64([1, 1, 1, 1], [2]), f64([1, 2, 1, 1], [1, 5]), f64([1, 2, 1, 1], [4, 8]),
        ]
        let mask = ReferenceTensor(.bool, shape: [1, 1, 1, 2], elements: [0, 0])
        for (rows, expected) in [(Attention.MaskedRows.uniform, 6.0), (.zero, 0)] {
            let op = Attention(scale: 1, hasMask: true, maskedRows: rows)
            let y = try evaluate(.attention(op), qkv[0], qkv[1], qkv[2], mask)
            #expect(y.elements == [expected])
        }
    }

    /// Rows of three: with a hole, with nothing real, with padding.
    @Test func packingKeepsWhatLiesBeforeTheLastRealPosition() throws {
        let b = GraphBuilder()
        let shape: Shape = [3, Dimension(Symbol("length", bound: 4))]
        let tokens = Dimension(Symbol("tokens", bound: 12))
        let source = try b.append(
            .input(Input("mask", role: .data, type: TensorType(.i32, shape))))
        let packing = try b.append(.packIndices(PackIndices([tokens])), [source])
        let packed = try b.append(.packTokens(PackTokens()), source, packing[0])
        b.output("indices", packing[0])
        b.output("offsets", packing[1])
        b.output("packed", packed)
        b.output("unpacked", try b.append(.unpackTokens(UnpackTokens(shape)), packed, packing[0]))
        let mask = i32([3, 3], [0, 7, 0] + [0, 0, 0] + [5, 0, 0])
        let graph = try b.build()
        let results = try ReferenceInterpreter(extents: SymbolExtents(["length": 3]))
            .run(graph, ["mask": mask])
        #expect(results["indices"]?.elements == [0, 1, 3, 4, 5, 6])
        #expect(results["offsets"]?.elements == [0, 2, 5, 6])
        #expect(results["packed"]?.elements == [0, 7, 0, 0, 0, 5])
        #expect(results["unpacked"] == mask)
        let wrong = SymbolExtents(["length": 3, "tokens": 5])
        let error = #expect(throws: GraphError.self) {
            try ReferenceInterpreter(extents: wrong).run(graph, ["mask": mask])
        }
        #expect(
            error?.message == "the batch keeps 6 positions, but the run was told of 5; "
                + "leave that extent out, so that it is counted")
    }
}
