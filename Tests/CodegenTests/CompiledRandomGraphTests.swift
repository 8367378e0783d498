#if LLVM
    import GraphTestSupport
    import MartletCodegen
    import MartletIR
    import MartletPasses
    import MartletRuntime
    import PlanTestSupport
    import TestSupport
    import Testing

    /// Random graphs, forward, backward and updated: native code against the interpreted plan, and
    /// the same bits on 1, 2 and 4 threads.
    struct CompiledRandomGraphTests {
        private static let seedsPerPart = 25

        @Test(arguments: 0..<8)
        func compiledPlansAgreeWithInterpreted(_ part: Int) throws {
            let session = try CodegenSession(compileThreadCount: 1)
            let pools = try [1, 2, 4].map { try ThreadPool(threadCount: $0) }
            for index in 0..<Self.seedsPerPart {
                let seed = UInt64(part * Self.seedsPerPart + index)
                let random = try RandomGraph(seed: seed)
                do {
                    if let problem = try problem(random, session, pools) {
                        Issue.record("seed \(seed): \(problem)\n\(random.graph.text)")
                    }
                } catch {
                    Issue.record("seed \(seed): \(error)\n\(random.graph.text)")
                }
            }
        }

        private func problem(
            _ random: RandomGraph, _ session: CodegenSession, _ pools: [ThreadPool]
        ) throws -> String? {
            let updates = RandomUpdates(seed: random.seed)
            let graph = try PassPipeline.training(optimizer: updates, verifies: true)
                .run(random.graph)
            let slots = RandomUpdates.slotInputs(of: graph, seed: random.seed)
            let inputs = random.inputs.merging(slots) { first, _ in first }
            let expected = try PlanRunner(
                graph, inputs, extents: random.extents, pool: pools[0]
            ).run()
            var first: [String: ReferenceTensor]?
            for pool in pools {
                let actual = try PlanRunner(
                    graph, inputs, extents: random.extents, pool: pool
                ) { try CompiledBinder($0, session: session) }.run()
                if let first {
                    for (name, tensor) in first where bits(actual[name]) != bits(tensor) {
                        return "output \(name) has other bits on \(pool.threadCount) threads"
                    }
                    continue
                }
                if let problem = difference(actual, expected) { return problem }
                first = actual
            }
            return nil
        }

        private func bits(_ tensor: ReferenceTensor?) -> [UInt64] {
            tensor?.elements.map(\.bitPattern) ?? []
        }

        private func difference(
            _ actual: [String: ReferenceTensor], _ expected: [String: ReferenceTensor]
        ) -> String? {
            for (name, tensor) in expected.sorted(by: { $0.key < $1.key }) {
                guard let received = actual[name] else { return "output \(name) is missing" }
                let largest = tensor.elements.lazy.filter(\.isFinite).map(abs).max() ?? 0
                let tolerance = Tolerance(relative: 1e-3, absolute: 2e-4 * max(largest, 1))
                let problem = mismatch(
                    received.elements, tensor.elements, shape: tensor.shape,
                    tolerance: tolerance)
                if let problem { return "output \(name): \(problem)" }
            }
            return nil
        }
    }
#endif
