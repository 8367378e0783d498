#if LLVM
    import GraphTestSupport
    import MartletCodegen
    import MartletIR
    import MartletRuntime
    import PlanTestSupport
    import TestSupport
    import Testing

    /// Native code for sums over all elements that a cluster makes.
    struct ClusterSumPlanTests {
        @Test(arguments: ClusterSumGraph.all, ["native", "x86-64-v3"])
        func sumsAgreeWithReference(_ test: ClusterSumGraph, cpu: String) throws {
            try check(test, cpu: cpu)
        }

        @Test(arguments: ClusterSumGraph.all.filter { !$0.hasFixedRows }, [1, 3])
        func slicesAddUp(_ test: ClusterSumGraph, groupCount: Int) throws {
            let size = SliceSize(entryCount: max(1, test.bound / 5), groupCount: groupCount)
            try check(test, cpu: "native") { try #require(try $0.sliced(size)) }
        }

        private func check(
            _ test: ClusterSumGraph, cpu: String, prepare: (Plan) throws -> Plan = { $0 }
        ) throws {
            let (graph, inputs) = (try test.graph(), test.inputs())
            let expected = try ReferenceInterpreter(
                precision: .float64, extents: SymbolExtents(test.extents)
            ).run(graph, inputs)
            let session = try CodegenSession(
                target: CPUTarget.named(cpu), compileThreadCount: 1)
            try expectSameBitsOnAnyThreads(expected, relative: 2e-6, absolute: 4e-6) { pool in
                let runner = try PlanRunner(
                    graph, inputs, extents: test.extents, pool: pool,
                    binder: { plan in
                        let binder = try CompiledBinder(plan, session: session)
                        #expect(plan.steps.allSatisfy { binder.isCompiled($0) })
                        return binder
                    }, prepare: prepare)
                #expect(runner.plan.steps.map(\.label) == [test.stepLabel])
                return runner
            }
        }

        /// Many elements are several parts, whatever shape they have.
        @Test func longSumsAreShared() throws {
            for test in ClusterSumGraph.all {
                let code = try PlanCode(
                    Plan(test.graph()), target: CPUTarget.named("x86-64-v3"))
                let kernel = try #require(code.kernels.first)
                let rows = test.hasFixedRows ? test.rows : test.bound
                let elementCount = rows * (test.columns ?? 1)
                let partCount = try #require(kernel.partCount)
                #expect((partCount > 1) == (elementCount > 16_384))
            }
        }
    }
#endif
