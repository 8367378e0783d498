import GraphTestSupport
import MartletIR
import MartletRuntime
import PlanTestSupport
import TestSupport
import Testing

/// Sums over all elements that run together with the cluster which makes the elements.
struct ClusterSumTests {
    private let batch = Dimension(Symbol("batch", bound: 8))

    private func labels(
        _ type: TensorType, _ append: (GraphBuilder, Value) throws -> Void
    ) throws -> [String] {
        let b = GraphBuilder()
        try append(b, b.append(.input(Input("x", role: .data, type: type))))
        return try Plan(b.build()).steps.map(\.label)
    }

    /// The global norm of two gradients: nothing but scalars is written.
    @Test func squaresOfGradientsAreNotWritten() throws {
        let b = GraphBuilder()
        let sums = try [[1000, 64], [4096]].enumerated().map { index, extents in
            let type = TensorType(.f32, Shape(extents.map { Dimension($0) }))
            let gradient = try b.append(.input(Input("\(index)", role: .data, type: type)))
            let squares = try b.multiply(gradient, gradient)
            return try b.reduce(.sum, squares, axes: Array(extents.indices))
        }
        b.output("norm", try b.unary(.sqrt, b.add(sums[0], sums[1])))
        let plan = try Plan(b.build())
        #expect(
            plan.steps.map(\.label) == ["sum(multiply)", "sum(multiply)", "cluster(add, sqrt)"])
        #expect(plan.steps.flatMap(\.results).allSatisfy { $0?.type.shape.rank == 0 })
        #expect(plan.memory.peakByteCount < 1024)
    }

    @Test func aWholeClusterIsSummed() throws {
        let labels = try labels(TensorType(.f32, [batch, 5])) { b, x in
            let loss = try b.multiply(b.unary(.tanh, b.add(x, 1)), b.unary(.exponential, x))
            b.output("loss", try b.reduce(.sum, loss, axes: [0, 1]))
        }
        #expect(labels == ["sum(add, tanh, exponential, multiply)"])
    }

    /// What another reads is in memory, and summed up from there.
    @Test func whatIsReadElsewhereIsWritten() throws {
        let type = TensorType(.f32, [batch, 5])
        let output = try labels(type) { b, x in
            let squares = try b.multiply(x, x)
            b.output("squares", squares)
            b.output("sum", try b.reduce(.sum, squares, axes: [0, 1]))
        }
        #expect(output == ["cluster(multiply)", "reduce"])
        let twice = try labels(type) { b, x in
            let squares = try b.multiply(x, x)
            b.output("sum", try b.reduce(.sum, squares, axes: [0, 1]))
            b.output("rows", try b.reduce(.sum, squares, axes: [1]))
        }
        #expect(twice == ["cluster(multiply)", "reduce", "reduce"])
    }

    /// Sums over some axes, other reductions and types, and views keep their own step.
    @Test func otherReductionsStandAlone() throws {
        let type = TensorType(.f32, [batch, 5])
        let partial = try labels(type) { b, x in
            b.output("sum", try b.reduce(.sum, b.multiply(x, x), axes: [0]))
        }
        #expect(partial == ["cluster(multiply)", "reduce"])
        let largest = try labels(type) { b, x in
            b.output("largest", try b.reduce(.max, b.multiply(x, x), axes: [0, 1]))
        }
        #expect(largest == ["cluster(multiply)", "reduce"])
        let double = try labels(TensorType(.f64, [batch, 5])) { b, x in
            b.output("sum", try b.reduce(.sum, b.multiply(x, x), axes: [0, 1]))
        }
        #expect(double == ["cluster(multiply)", "reduce"])
        let view = try labels(TensorType(.f32, [5])) { b, x in
            let rows = try b.broadcastInDim(x, [3, 5], dimensions: [1])
            b.output("sum", try b.reduce(.sum, rows, axes: [0, 1]))
        }
        #expect(view == ["broadcast", "reduce"])
    }

    @Test(arguments: ClusterSumGraph.all)
    func sumsAgreeWithReference(_ test: ClusterSumGraph) throws {
        let (graph, inputs) = (try test.graph(), test.inputs())
        let expected = try ReferenceInterpreter(
            precision: .float64, extents: SymbolExtents(test.extents)
        ).run(graph, inputs)
        try expectSameBitsOnAnyThreads(expected, relative: 2e-6, absolute: 4e-6) { pool in
            let runner = try PlanRunner(graph, inputs, extents: test.extents, pool: pool)
            #expect(runner.plan.steps.map(\.label) == [test.stepLabel])
            return runner
        }
    }

    /// Of short rows too, the error does not grow with the number of blocks.
    @Test func manyShortRowsLoseNoPrecision() throws {
        let rows = 400_000
        let b = GraphBuilder()
        func input(_ name: String, _ extent: Int) throws -> Value {
            let type = TensorType(.f32, [Dimension(extent)])
            return try b.append(.input(Input(name, role: .data, type: type)))
        }
        let shape: Shape = [Dimension(rows), 3]
        let product = try b.multiply(
            b.broadcastInDim(input("column", rows), shape, dimensions: [0]),
            b.broadcastInDim(input("row", 3), shape, dimensions: [1]))
        b.output("sum", try b.reduce(.sum, product, axes: [0, 1]))
        let inputs = [
            "column": ReferenceTensor(
                .f32, shape: [rows], elements: [Double](repeating: 1, count: rows)),
            "row": ReferenceTensor(
                .f32, shape: [3],
                elements: [0.1, 0.2, 0.3].map {
                    Double(Float($0))
                }),
        ]
        let runner = try PlanRunner(
            b.build(), inputs, extents: [:], pool: ThreadPool(threadCount: 2))
        #expect(runner.plan.steps.map(\.label) == ["sum(multiply)"])
        let sum = try #require(runner.run()["sum"]?.elements.first)
        let row = try #require(inputs["row"]?.elements)
        let exact = Double(rows) * row.reduce(0, +)
        #expect(abs(sum - exact) <= 2e-7 * exact)
    }

    @Test(arguments: ClusterSumGraph.all.filter { !$0.hasFixedRows }, [1, 3])
    func slicesAddUp(_ test: ClusterSumGraph, _ groupCount: Int) throws {
        let (graph, inputs) = (try test.graph(), test.inputs())
        let expected = try ReferenceInterpreter(
            precision: .float64, extents: SymbolExtents(test.extents)
        ).run(graph, inputs)
        let size = SliceSize(entryCount: max(1, test.bound / 5), groupCount: groupCount)
        try expectSameBitsOnAnyThreads(expected, relative: 2e-6, absolute: 4e-6) { pool in
            let runner = try PlanRunner(
                graph, inputs, extents: test.extents, pool: pool,
                prepare: { try #require(try $0.sliced(size)) })
            let slicing = try #require(runner.plan.slicing)
            #expect(runner.plan.steps[slicing.steps].map(\.label) == [test.stepLabel])
            #expect(slicing.sums.count == 1 && slicing.stagedOut.isEmpty)
            return runner
        }
    }

    /// Each element of an outer product comes from two entries of the batch.
    @Test func whatMixesTheBatchIsNotSummedInSlices() throws {
        let b = GraphBuilder()
        let type = TensorType(.f32, [batch])
        let x = try b.append(.input(Input("x", role: .data, type: type)))
        let rows = try b.broadcastInDim(x, [batch, batch], dimensions: [0])
        let square = try b.unary(.exponential, rows)
        b.output("sum", try b.reduce(.sum, square, axes: [0, 1]))
        let plan = try Plan(b.build())
        #expect(plan.steps.map(\.label) == ["sum(exponential)"])
        #expect(try plan.sliced(SliceSize(entryCount: 2, groupCount: 2)) == nil)
    }
}
