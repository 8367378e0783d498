import MartletIR
import MartletRuntime
import Testing

/// Costs against numbers counted by hand.
struct StepCostTests {
    private let batch = Dimension(Symbol("batch", bound: 8))
    private let extents = SymbolExtents(["batch": 3])

    private func cost(
        _ types: [TensorType], _ append: (GraphBuilder, [Value]) throws -> Value
    ) throws -> StepCost {
        let b = GraphBuilder()
        let inputs = try types.enumerated().map { index, type in
            try b.append(.input(Input("\(index)", role: .data, type: type)))
        }
        b.output("result", try append(b, inputs))
        let plan = try Plan(b.build())
        let step = try #require(plan.steps.first)
        #expect(plan.steps.count == 1)
        #expect(plan.productOperationCount(extents) == step.cost(extents).productOperationCount)
        return step.cost(extents)
    }

    @Test func productsCountMultiplyAndAddAtActualExtents() throws {
        let cost = try cost([TensorType(.f32, [batch, 5]), TensorType(.f32, [5, 7])]) { b, x in
            try b.dotGeneral(x[0], x[1], leftContracting: [1], rightContracting: [0])
        }
        let operations: Double = 2 * 3 * 5 * 7
        let elements: Double = 3 * 5 + 5 * 7 + 3 * 7
        #expect(cost.productOperationCount == operations)
        #expect(cost.elementOperationCount == 0)
        #expect(cost.byteCount == 4 * elements)
    }

    @Test func batchedProductsCountEachBatch() throws {
        let types = [TensorType(.f32, [batch, 2, 5]), TensorType(.f32, [batch, 5, 7])]
        let cost = try cost(types) { b, x in
            try b.dotGeneral(
                x[0], x[1], leftBatch: [0], rightBatch: [0], leftContracting: [2],
                rightContracting: [1])
        }
        let operations: Double = 3 * 2 * 2 * 5 * 7
        #expect(cost.productOperationCount == operations)
    }

    @Test func attentionCountsTwoProductsForwardAndFiveBackward() throws {
        let q = TensorType(.f32, [batch, 4, 2, 8])
        let k = TensorType(.f32, [batch, 6, 2, 8])
        let v = TensorType(.f32, [batch, 6, 2, 16])
        let forward = try cost([q, k, v]) { b, x in
            try b.append(.attention(MartletIR.Attention(scale: 1)), x)[0]
        }
        let pairs: Double = 3 * 4 * 2 * 6
        let forwardCount: Double = 2 * pairs * (8 + 16)
        #expect(forward.productOperationCount == forwardCount)
        let o = TensorType(.f32, [batch, 4, 2, 16])
        let lse = TensorType(.f32, [batch, 2, 4])
        let backward = try cost([o, q, k, v, o, lse]) { b, x in
            try b.append(
                .attentionGradient(AttentionGradient(MartletIR.Attention(scale: 1))), x)[0]
        }
        let backwardCount: Double = 2 * pairs * (3 * 8 + 2 * 16)
        #expect(backward.productOperationCount == backwardCount)
    }

    @Test func clustersCountTheirInstructionsAndReadAnOperandOnce() throws {
        let type = TensorType(.f32, [batch, 5])
        let cost = try cost([type]) { b, x in
            try b.binary(.multiply, b.unary(.tanh, x[0]), x[0])
        }
        #expect(cost.productOperationCount == 0)
        #expect(cost.elementOperationCount == 30)
        #expect(cost.byteCount == 120)
    }

    @Test func sumsCountTheirClusterAndWriteOneElement() throws {
        let type = TensorType(.f32, [batch, 5])
        let cost = try cost([type]) { b, x in
            try b.reduce(.sum, b.multiply(x[0], x[0]), axes: [0, 1])
        }
        #expect(cost.elementOperationCount == 30)
        #expect(cost.byteCount == 64)
    }

    @Test func aLookUpReadsTheRowsItNeeds() throws {
        let types = [TensorType(.f32, [1000, 5]), TensorType(.i32, [batch])]
        let cost = try cost(types) { b, x in
            try b.append(.embedding(EmbeddingLookup()), x)[0]
        }
        #expect(cost.operationCount == 0)
        #expect(cost.byteCount == 132)
    }
}
