import GraphTestSupport
import MartletIR
import MartletPasses
import MartletRuntime
import PlanTestSupport
import TestSupport
import Testing

/// Random graphs, forward and backward: the reference in float64 against plans of the graph as
/// written, with every composite expanded, and after the whole pipeline.
///
/// A failure names the seed and prints the graph's text, which `Graph(parsing:)` reads back.
struct RandomGraphTests {
    private static let seedsPerPart = 50

    @Test(arguments: 0..<44)
    func plansAgreeWithReference(_ part: Int) throws {
        let pools = try [1, 2, 4].map { try ThreadPool(threadCount: $0) }
        for index in 0..<Self.seedsPerPart {
            try check(seed: UInt64(part * Self.seedsPerPart + index), pools)
        }
    }

    /// Blocks of which one position is read: the slices sink into them.
    @Test(arguments: 0..<4)
    func plansAgreeWhereSlicesSink(_ part: Int) throws {
        let pools = try [1, 2, 4].map { try ThreadPool(threadCount: $0) }
        var sunkCount = 0
        for index in 0..<Self.seedsPerPart {
            let seed = UInt64(part * Self.seedsPerPart + index)
            let random = try RandomGraph(seed: seed, readsPositions: true)
            try check(random, pools)
            let fused = try PassPipeline.inference(disabled: ["sink-slices"]).run(random.graph)
            if try SinkSlices().run(fused) != fused { sunkCount += 1 }
        }
        #expect(sunkCount > Self.seedsPerPart / 4, "\(sunkCount)")
    }

    /// Else the tests above would show less than they say.
    @Test func everyOpOccurs() throws {
        var missing = Set(Op.names)
        for seed in 0..<400 {
            let graph = try Differentiate().run(RandomGraph(seed: UInt64(seed)).graph)
            let updated = try RandomUpdates(seed: UInt64(seed)).run(graph)
            for node in updated.nodes { missing.remove(node.op.name) }
        }
        // No op's gradient and no random graph divides with a rest. Packing depends on masks, of
        // which `PackedPlanTests` draws many kinds; updates from look-ups are in
        // `OptimizerPlanTests`, as only part of the gradients allow them.
        #expect(
            missing == [
                "remainder", "pack_indices", "pack_tokens", "unpack_tokens", "packed_attention",
                "packed_attention_gradient", "embedding_adam_update",
            ])
    }

    private func check(seed: UInt64, _ pools: [ThreadPool]) throws {
        try check(RandomGraph(seed: seed), pools)
    }

    private func check(_ random: RandomGraph, _ pools: [ThreadPool]) throws {
        do {
            try compare(random, pools)
        } catch {
            Issue.record("seed \(random.seed): \(error)\n\(random.graph.text)")
        }
    }

    private func compare(_ random: RandomGraph, _ pools: [ThreadPool]) throws {
        let graph = random.graph
        try Verifier.verify(graph)
        let updates = RandomUpdates(seed: random.seed)
        let written = try updates.run(Differentiate().run(graph))
        try Verifier.verify(written)
        #expect(try Graph(parsing: written.text) == written)
        let slots = RandomUpdates.slotInputs(of: written, seed: random.seed)
        let inputs = random.inputs.merging(slots) { first, _ in first }
        let extents = SymbolExtents(random.extents)
        let expected = try ReferenceInterpreter(precision: .float64, extents: extents)
            .run(written, inputs)
        let expanded = try EliminateDeadCode().run(ExpandComposites().run(written))
        let pipeline = PassPipeline.training(optimizer: updates, verifies: true)
        let variants = [
            ("as written", written),
            ("expanded", expanded),
            ("fused", try pipeline.run(graph)),
            ("expanded, then fused", try pipeline.run(ExpandComposites().run(graph))),
        ]
        for (index, (label, variant)) in variants.enumerated() {
            // Each variant on another number of threads; all must agree anyway.
            let pool = pools[(index + Int(random.seed)) % pools.count]
            let runner = try PlanRunner(
                variant, inputs, extents: random.extents, pool: pool)
            let actual = try runner.run()
            if let problem = difference(actual, expected) {
                Issue.record(
                    "seed \(random.seed), \(label): \(problem)\n\(random.graph.text)")
                return
            }
            try checkThreads(random, inputs, label, variant, actual, pools)
        }
    }

    /// The same bits on 1, 2 and 4 threads, and from a second run.
    private func checkThreads(
        _ random: RandomGraph, _ inputs: [String: ReferenceTensor], _ label: String,
        _ graph: Graph, _ first: [String: ReferenceTensor], _ pools: [ThreadPool]
    ) throws {
        guard random.seed % 4 == 0 else { return }
        for pool in pools {
            let runner = try PlanRunner(
                graph, inputs, extents: random.extents, pool: pool)
            for run in 1...2 {
                let again = try runner.run()
                for (name, tensor) in first where bits(again[name]) != bits(tensor) {
                    Issue.record(
                        """
                        seed \(random.seed), \(label): output \(name) has other bits on \
                        \(pool.threadCount) threads, run \(run)
                        \(random.graph.text)
                        """)
                    return
                }
            }
        }
    }

    private func bits(_ tensor: ReferenceTensor?) -> [UInt64] {
        tensor?.elements.map(\.bitPattern) ?? []
    }

    /// What differs, beyond what float32 explains.
    private func difference(
        _ actual: [String: ReferenceTensor], _ expected: [String: ReferenceTensor]
    ) -> String? {
        for (name, tensor) in expected.sorted(by: { $0.key < $1.key }) {
            guard let received = actual[name] else { return "output \(name) is missing" }
            guard received.shape == tensor.shape, received.dtype == tensor.dtype else {
                return "output \(name) is \(received.dtype)\(received.shape) "
                    + "instead of \(tensor.dtype)\(tensor.shape)"
            }
            let largest = tensor.elements.lazy.filter(\.isFinite).map(abs).max() ?? 0
            let tolerance = Tolerance(relative: 1e-3, absolute: 2e-4 * max(largest, 1))
            let problem = mismatch(
                received.elements, tensor.elements, shape: tensor.shape, tolerance: tolerance)
            if let problem { return "output \(name): \(problem)" }
        }
        return nil
    }
}
