#if LLVM
    import GraphTestSupport
    import MartletCodegen
    import MartletIR
    import MartletPasses
    import MartletRuntime
    import PlanTestSupport
    import TestSupport
    import Testing

    /// Random graphs, forward, backward and updated: native code against the interpreted plan; of a
    /// part of them the same bits on 1, 2 and 4 threads, and code for AVX2 too.
    struct CompiledRandomGraphTests {
        private static let seedsPerPart = 100

        @Test(arguments: 0..<20)
        func compiledPlansAgreeWithInterpreted(_ part: Int) throws {
            let pools = try [1, 2, 4].map { try ThreadPool(threadCount: $0) }
            let cases = try (0..<Self.seedsPerPart).map {
                try Case(seed: UInt64(part * Self.seedsPerPart + $0))
            }
            let native = try CodegenSession(compileThreadCount: 1)
            try native.compileKernels(of: cases.map(\.plan))
            let avx2Cases = cases.filter { $0.seed % 10 == 1 }
            let avx2 = try CodegenSession(
                target: CPUTarget.named("x86-64-v3"), compileThreadCount: 1)
            try avx2.compileKernels(of: avx2Cases.map(\.plan))
            for test in cases {
                try check(test, native, test.seed % 8 == 0 ? pools : [pools[part % 3]])
            }
            for test in avx2Cases {
                try check(test, avx2, [pools[part % 3]])
            }
        }

        /// Blocks of which one position is read: attention of one query, dropouts of some rows.
        @Test(arguments: 0..<2)
        func compiledPlansAgreeWhereSlicesSink(_ part: Int) throws {
            let pools = try [1, 2, 4].map { try ThreadPool(threadCount: $0) }
            let cases = try (0..<Self.seedsPerPart).map {
                try Case(seed: UInt64(part * Self.seedsPerPart + $0), readsPositions: true)
            }
            let native = try CodegenSession(compileThreadCount: 1)
            try native.compileKernels(of: cases.map(\.plan))
            for test in cases {
                try check(test, native, test.seed % 8 == 0 ? pools : [pools[part % 3]])
            }
        }

        /// Else the test above would show less than it says.
        @Test func everyKernelAndEpilogueOccurs() throws {
            var kernels: Set<String> = []
            var steps: Set<String> = []
            for seed in 0..<300 {
                let plan = try Case(seed: UInt64(seed)).plan
                let code = try PlanCode(plan, target: CPUTarget.named("x86-64-v3"))
                for kernel in code.kernels {
                    guard let function = kernel.function else { continue }
                    kernels.insert(function.name)
                    steps.insert(plan.steps[kernel.stepIndex].label)
                }
            }
            #expect(
                kernels.isSuperset(of: [
                    "attention", "attentionGradient", "cluster", "dropout", "layerNormalization",
                    "layerNormalizationGradient", "matmul",
                ]))
            for activation in BiasActivation.Activation.allCases {
                let end = activation == .identity ? "" : "+\(activation)"
                #expect(steps.contains("dot_general+bias\(end)"))
            }
            #expect(
                steps.isSuperset(of: [
                    "adam_update", "bias_activation_gradient", "dot_general", "sgd_update",
                    "softmax", "softmax_cross_entropy", "softmax_cross_entropy_gradient",
                ]))
        }

        /// A graph with its gradients and updates, ready to run.
        private struct Case {
            let seed: UInt64
            let random: RandomGraph
            let graph: Graph
            let plan: Plan
            let inputs: [String: ReferenceTensor]

            init(seed: UInt64, readsPositions: Bool = false) throws {
                self.seed = seed
                random = try RandomGraph(seed: seed, readsPositions: readsPositions)
                let updates = RandomUpdates(seed: seed)
                graph = try PassPipeline.training(optimizer: updates).run(random.graph)
                plan = try Plan(graph)
                let slots = RandomUpdates.slotInputs(of: graph, seed: seed)
                inputs = random.inputs.merging(slots) { first, _ in first }
            }
        }

        private func check(
            _ test: Case, _ session: CodegenSession, _ pools: [ThreadPool]
        ) throws {
            do {
                if let problem = try problem(test, session, pools) {
                    Issue.record(
                        "seed \(test.seed), \(session.target.name): \(problem)\n\(test.graph.text)")
                }
            } catch {
                Issue.record(
                    "seed \(test.seed), \(session.target.name): \(error)\n\(test.graph.text)")
            }
        }

        private func problem(
            _ test: Case, _ session: CodegenSession, _ pools: [ThreadPool]
        ) throws -> String? {
            let expected = try PlanRunner(
                test.graph, test.inputs, extents: test.random.extents, pool: pools[0]
            ).run()
            var first: [String: ReferenceTensor]?
            for pool in pools {
                let actual = try PlanRunner(
                    test.graph, test.inputs, extents: test.random.extents, pool: pool
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
