#if LLVM
    import GraphTestSupport
    import MartletCodegen
    import MartletIR
    import MartletPasses
    import MartletRuntime
    import PlanTestSupport
    import TestSupport
    import Testing

    /// A training step over sequences of bounded number and length: native code against the
    /// interpreted plan, and the same bits on 1, 2 and 4 threads.
    struct SequencePlanTests {
        struct Extents: CustomTestStringConvertible, Sendable {
            var batch: Int
            var length: Int
            var hasFixedLength = false
            var rate = 0.2
            /// Taken in slices of so many entries.
            var slice: Int?
            /// Of one group sums grow in their own place.
            var groupCount = 3

            var testDescription: String {
                "\(batch) x \(hasFixedLength ? "fixed " : "")\(length), rate \(rate), "
                    + (slice.map { "slices of \($0) in \(groupCount)" } ?? "whole")
            }
        }

        @Test(
            arguments: [
                Extents(batch: 5, length: 19), Extents(batch: 6, length: 40),
                Extents(batch: 1, length: 1, rate: 0),
                Extents(batch: 5, length: 19, hasFixedLength: true),
                Extents(batch: 5, length: 19, slice: 1), Extents(batch: 5, length: 17, slice: 2),
                Extents(batch: 5, length: 19, hasFixedLength: true, slice: 1),
                Extents(batch: 6, length: 3, hasFixedLength: true, slice: 4),
                Extents(batch: 5, length: 19, slice: 1, groupCount: 1),
                Extents(batch: 5, length: 17, slice: 2, groupCount: 1),
                Extents(batch: 6, length: 40, hasFixedLength: true, slice: 2, groupCount: 1),
                Extents(batch: 2, length: 7, slice: 4, groupCount: 1),
                Extents(batch: 4, length: 7, slice: 4, groupCount: 1),
            ], ["native", "x86-64-v3"])
        func compiledStepAgreesWithInterpreted(_ extents: Extents, cpu: String) throws {
            let sequences = try SequenceGraph(
                batch: extents.batch, length: extents.length, bounds: (6, 40),
                hasFixedLength: extents.hasFixedLength, dropoutRate: extents.rate)
            let graph = try PassPipeline.training(
                optimizer: RandomUpdates(seed: 3), verifies: true
            ).run(sequences.graph)
            let slots = RandomUpdates.slotInputs(of: graph, seed: 3)
            let inputs = sequences.inputs.merging(slots) { first, _ in first }
            let expected = try PlanRunner(
                graph, inputs, extents: sequences.extents, pool: ThreadPool(threadCount: 1)
            ).run()
            let session = try CodegenSession(
                target: CPUTarget.named(cpu), compileThreadCount: 1)
            try expectSameBitsOnAnyThreads(expected) { pool in
                try PlanRunner(
                    graph, inputs, extents: sequences.extents, pool: pool,
                    binder: { try CompiledBinder($0, session: session) },
                    prepare: { plan in
                        guard let slice = extents.slice else { return plan }
                        return try #require(
                            try plan.sliced(
                                SliceSize(entryCount: slice, groupCount: extents.groupCount)))
                    })
            }
        }

        /// Weight gradients add to their sums themselves where there is one group, and only there.
        @Test func productsAddToGrowingSums() throws {
            let sequences = try SequenceGraph(batch: 5, length: 19, bounds: (6, 40))
            let graph = try PassPipeline.training(
                optimizer: RandomUpdates(seed: 3), verifies: true
            ).run(sequences.graph)
            let plan = try Plan(graph)
            for groupCount in [1, 3] {
                let sliced = try #require(
                    try plan.sliced(SliceSize(entryCount: 2, groupCount: groupCount)))
                let slicing = try #require(sliced.slicing)
                let growing = slicing.growingSums(sliced).filter { $0.label == "dot_general" }
                let binder = try CompiledBinder(sliced, session: CodegenSession())
                #expect(growing.isEmpty == (groupCount > 1))
                #expect(growing.allSatisfy { binder.addsToItsResult($0) })
            }
        }

        /// Compiled lookups and losses trust the check before them, in slices as elsewhere: nothing
        /// after a failed check runs.
        @Test(arguments: [nil, 1, 2], [Double(Int32.max), Double(Int32.min), 11])
        func anIdOutsideItsTableIsNotLookedUp(_ slice: Int?, _ id: Double) throws {
            let message = try errorMessage(slice: slice) { $0["ids"]?.elements[19 * 3 + 4] = id }
            #expect(message.contains("\(Int(id)) at position 61 is outside"), "\(message)")
        }

        @Test(arguments: [nil, 1, 2], [Double(Int32.max), -1, 3])
        func aLabelOutsideTheClassesIsRefused(_ slice: Int?, _ label: Double) throws {
            let message = try errorMessage(slice: slice) { $0["labels"]?.elements[3] = label }
            #expect(
                message == "label \(Int(label)) at position 3 is outside the classes 0..<3")
        }

        /// What a run of the compiled step throws where its inputs are spoilt.
        private func errorMessage(
            slice: Int?, _ spoil: (inout [String: ReferenceTensor]) -> Void
        ) throws -> String {
            let sequences = try SequenceGraph(batch: 5, length: 19, bounds: (6, 40))
            let graph = try PassPipeline.training(
                optimizer: RandomUpdates(seed: 3), verifies: true
            ).run(sequences.graph)
            var inputs = sequences.inputs.merging(
                RandomUpdates.slotInputs(of: graph, seed: 3)
            ) { first, _ in first }
            spoil(&inputs)
            let session = try CodegenSession(compileThreadCount: 1)
            let runner = try PlanRunner(
                graph, inputs, extents: sequences.extents, pool: ThreadPool(threadCount: 2),
                binder: { try CompiledBinder($0, session: session) },
                prepare: { plan in
                    guard let slice else { return plan }
                    return try #require(
                        try plan.sliced(SliceSize(entryCount: slice, groupCount: 3)))
                })
            return try #require(#expect(throws: GraphError.self) { try runner.run() }).message
        }

        /// Products and attention of sequences of unknown length have kernels.
        @Test func whatTakesTimeIsCompiled() throws {
            let sequences = try SequenceGraph(batch: 5, length: 19, bounds: (6, 40))
            let graph = try PassPipeline.training(
                optimizer: RandomUpdates(seed: 3), verifies: true
            ).run(sequences.graph)
            let plan = try Plan(graph)
            let binder = try CompiledBinder(plan, session: CodegenSession())
            let interpreted = plan.steps.filter { !binder.isCompiled($0) }.map(\.label)
            let rare = interpreted.filter { label in
                ["dot_general", "attention", "layer_norm", "cluster(add"].contains {
                    label.hasPrefix($0)
                }
            }
            #expect(rare == [])
            #expect(plan.steps.count > interpreted.count + 20)
        }

        /// Weights are packed once, and again when they have changed.
        @Test func packedWeightsFollowTheParameters() throws {
            let b = GraphBuilder()
            func input(_ name: String, _ role: Input.Role, _ shape: Shape) throws -> MartletIR.Value
            {
                try b.append(.input(Input(name, role: role, type: TensorType(.f32, shape))))
            }
            let x = try input("x", .data, [Dimension(Symbol("batch", bound: 5)), 8])
            let w = try input("w", .parameter, [8, 20])
            b.output(
                "y", try b.dotGeneral(x, w, leftContracting: [1], rightContracting: [0]))
            let plan = try Plan(b.build())
            #expect(plan.packableWeights.count == 1)
            let store = ParameterStore()
            let session = try NativeCompiler().session(
                for: plan, store: store, pool: ThreadPool(threadCount: 2))
            let base = try #require(session.address(ofInput: "x"))
            base.assumingMemoryBound(to: Float.self).update(repeating: 1, count: 40)
            for weight in [Float(1), 2, 0.5] {
                store.floats("w").update(repeating: weight)
                for _ in 0..<2 {
                    try session.run()
                    let y = try #require(session.output("y")).base
                    let values = UnsafeBufferPointer(
                        start: y.assumingMemoryBound(to: Float.self), count: 100)
                    #expect(values.allSatisfy { $0 == 8 * weight })
                }
            }
        }
    }
#endif
