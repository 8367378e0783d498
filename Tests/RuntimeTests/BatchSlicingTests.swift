import GraphTestSupport
import MartletIR
import MartletPasses
import MartletRuntime
import PlanTestSupport
import TestSupport
import Testing

struct BatchSlicingTests {
    private func trainingGraph(_ sequences: SequenceGraph) throws -> Graph {
        try PassPipeline.training(optimizer: RandomUpdates(seed: 3), verifies: true)
            .run(sequences.graph)
    }

    @Test(arguments: [(1, 1), (1, 3), (2, 2), (3, 8), (4, 1)])
    func slicesGiveWhatTheWholeBatchGives(_ entryCount: Int, _ groupCount: Int) throws {
        // The interpreted routines draw random numbers for whole batches only.
        let sequences = try SequenceGraph(
            batch: 5, length: 7, bounds: (6, 9), dropoutRate: 0)
        let graph = try trainingGraph(sequences)
        let inputs = sequences.inputs.merging(RandomUpdates.slotInputs(of: graph, seed: 3)) {
            first, _ in first
        }
        let expected = try PlanRunner(
            graph, inputs, extents: sequences.extents, pool: ThreadPool(threadCount: 1)
        ).run()
        try expectSameBitsOnAnyThreads(expected) { pool in
            try PlanRunner(
                graph, inputs, extents: sequences.extents, pool: pool,
                prepare: {
                    try #require(
                        try $0.sliced(SliceSize(entryCount: entryCount, groupCount: groupCount)))
                })
        }
    }

    /// From the first embedding to the last gradient, all but the scatters into tables and the
    /// updates runs in slices, in a slice's memory.
    @Test func forwardAndBackwardAreOneRun() throws {
        let plan = try Plan(trainingGraph(SequenceGraph(batch: 64, length: 9, bounds: (64, 9))))
        let sliced = try #require(
            try plan.sliced(SliceSize(entryCount: 2, groupCount: 8)))
        let slicing = try #require(sliced.slicing)
        let inside = sliced.steps[slicing.steps].map(\.label)
        #expect(inside.filter { $0 == "attention_gradient" }.count == 2)
        #expect(inside.filter { $0 == "layer_norm_gradient" }.count == 4)
        let outside = sliced.steps.indices.filter { !slicing.steps.contains($0) }
            .map { sliced.steps[$0].label }
        for label in ["attention", "layer_norm", "dot_general", "dropout", "softmax"] {
            #expect(!outside.contains { $0.hasPrefix(label) }, "\(label) in \(outside)")
        }
        #expect(slicing.groupCount(of: 64) == 8 && slicing.sliceCount(of: 63) == 32)
        #expect(slicing.memory.peakByteCount * 10 < plan.memory.peakByteCount)
        // What leaves: the gradient for the token table, and the losses.
        #expect(Set(slicing.stagedOut.map(\.type.shape.rank)) == [1, 3])
        #expect(sliced.steps.count == plan.steps.count)
    }

    /// An op that needs the whole batch, and all that follows it, runs after the slices.
    @Test func whatMixesTheBatchStaysWhole() throws {
        let b = GraphBuilder()
        let batch = Dimension(Symbol("batch", bound: 8))
        let type = TensorType(.f32, [batch, 3])
        let x = try b.append(.input(Input("x", role: .data, type: type)))
        let y = try b.unary(.exponential, x)
        let sum = try b.reduce(.sum, y, axes: [0])
        let share = try b.divide(y, b.broadcastInDim(sum, type.shape, dimensions: [1]))
        b.output("share", share)
        let graph = try b.build()
        let plan = try Plan(graph)
        let sliced = try #require(
            try plan.sliced(SliceSize(entryCount: 3, groupCount: 4)))
        let slicing = try #require(sliced.slicing)
        #expect(slicing.stagedIn.count == 1 && slicing.sums.count == 1)
        #expect(sliced.steps[slicing.steps].map(\.label) == ["cluster(exponential)", "reduce"])
        let values = (0..<21).map { Double($0) / 7 }
        let inputs = ["x": ReferenceTensor(.f32, shape: [7, 3], elements: values)]
        let pool = try ThreadPool(threadCount: 2)
        let whole = try PlanRunner(graph, inputs, extents: ["batch": 7], pool: pool).run()
        let parts = try PlanRunner(
            graph, inputs, extents: ["batch": 7], pool: pool, prepare: { _ in sliced }
        ).run()
        let expected = try #require(whole["share"]?.elements)
        let problem = mismatch(
            try #require(parts["share"]).elements, expected, shape: [7, 3],
            tolerance: Tolerance(relative: 1e-6, absolute: 0))
        #expect(problem == nil, "\(problem ?? "")")
    }

    @Test func anIdOutsideTheTableIsNamedByItsPlaceInTheBatch() throws {
        let sequences = try SequenceGraph(batch: 5, length: 7, bounds: (6, 9), dropoutRate: 0)
        var inputs = sequences.inputs
        inputs["ids"]?.elements[4 * 7 + 2] = 11
        let runner = try PlanRunner(
            sequences.graph, inputs, extents: sequences.extents, pool: ThreadPool(threadCount: 1),
            prepare: { try #require(try $0.sliced(SliceSize(entryCount: 2, groupCount: 2))) })
        let error = #expect(throws: GraphError.self) { try runner.run() }
        #expect(error?.description.contains("at position 30") == true, "\(error as Any)")
    }

    @Test func smallPlansAreNotSliced() throws {
        let plan = try Plan(trainingGraph(SequenceGraph(batch: 5, length: 7, bounds: (6, 9))))
        #expect(try plan.slicedByCost() == nil)
        let caches = CacheSizes(perCore: 200_000, shared: 8_000_000)
        let large = try Plan(trainingGraph(SequenceGraph(batch: 64, length: 9, bounds: (64, 9))))
        let sliced = try #require(try large.slicedByCost(caches))
        let slicing = try #require(sliced.slicing)
        #expect(slicing.sliceBound == 1 || slicing.memory.peakByteCount <= caches.perCore)
        #expect((7...16).contains(slicing.groupCount(of: 64)))
        #expect(sliced.memory.peakByteCount < large.memory.peakByteCount)
    }
}
