#if LLVM
    import GraphTestSupport
    import MartletCodegen
    import MartletIR
    import MartletPasses
    import MartletRuntime
    import PlanTestSupport
    import TestSupport
    import Testing

    /// Training steps over packed batches: native code and the interpreted plan against the padded
    /// step, and the same bits on 1, 2 and 4 threads.
    struct PackedPlanTests {
        struct Batch: CustomTestStringConvertible, Sendable {
            /// Real positions of each row.
            var lengths: [Int]
            var length: Int
            var hasFixedLength = false
            /// Rows whose first position is masked too.
            var masksFirst = false
            /// Whether the head reads the first position only, which then alone has a query.
            var readsFirst = false

            var testDescription: String {
                "\(lengths) of \(length)\(hasFixedLength ? " fixed" : "")"
                    + (masksFirst ? ", the first masked" : "")
                    + (readsFirst ? ", the first read" : "")
            }

            var mask: [Double] {
                lengths.flatMap { count in
                    (0..<length).map {
                        $0 < count && !(masksFirst && $0 == 0) ? 1.0 : 0
                    }
                }
            }
        }

        static let batches = [
            Batch(lengths: [19, 1, 7, 13, 2], length: 19),
            Batch(lengths: [40, 40, 40], length: 40),
            Batch(lengths: [1, 1, 1, 1, 1, 1], length: 31),
            Batch(lengths: [1], length: 1),
            Batch(lengths: [5, 0, 11, 3], length: 17, hasFixedLength: true),
            Batch(lengths: [9, 1, 23, 4], length: 23, masksFirst: true),
            Batch(lengths: [19, 1, 7, 13, 2], length: 19, readsFirst: true),
            Batch(lengths: [5, 0, 11, 3], length: 17, hasFixedLength: true, readsFirst: true),
        ]

        private func step(
            _ batch: Batch, rate: Double, packsPadding: Bool = true,
            policy: DTypePolicy = .float32
        ) throws -> Step {
            let sequences = try SequenceGraph(
                batch: batch.lengths.count, length: batch.length, bounds: (6, 40),
                hasFixedLength: batch.hasFixedLength, dropoutRate: rate,
                readsFirst: batch.readsFirst, mask: batch.mask)
            let graph = try PassPipeline.training(
                optimizer: RandomUpdates(seed: 3), policy: policy, packsPadding: packsPadding,
                verifies: true
            ).run(sequences.graph)
            let slots = RandomUpdates.slotInputs(of: graph, seed: 3)
            return (
                graph, sequences.inputs.merging(slots) { first, _ in first }, sequences.extents
            )
        }

        private typealias Step = (
            graph: Graph, inputs: [String: ReferenceTensor], extents: [String: Int]
        )

        /// What a step gives: interpreted, or compiled for a CPU.
        private func run(_ step: Step, on cpu: String? = nil) throws -> [String: ReferenceTensor] {
            try PlanRunner(
                step.graph, step.inputs, extents: step.extents, pool: ThreadPool(threadCount: 1)
            ) { plan in
                guard let cpu else { return InterpretedBinder() }
                let session = try CodegenSession(
                    target: CPUTarget.named(cpu), compileThreadCount: 1)
                return try CompiledBinder(plan, session: session)
            }.run()
        }

        private func compare(
            _ expected: [String: ReferenceTensor], _ actual: [String: ReferenceTensor],
            _ what: String, _ error: Double = 2e-5
        ) throws {
            for (name, tensor) in expected {
                let received = try #require(actual[name])
                let largest = tensor.elements.map(abs).max() ?? 0
                let problem = mismatch(
                    received.elements, tensor.elements, shape: tensor.shape,
                    tolerance: Tolerance(relative: 5 * error, absolute: error * max(largest, 1)))
                #expect(problem == nil, "\(what), \(name): \(problem ?? "")")
            }
        }

        @Test(arguments: batches)
        func packedStepAgreesWithPadded(_ batch: Batch) throws {
            // The same elements are dropped.
            let padded = try step(batch, rate: 0.2, packsPadding: false)
            let packed = try step(batch, rate: 0.2)
            #expect(packed.graph.symbols.contains { $0.name == "tokens" })
            #expect(!padded.graph.symbols.contains { $0.name == "tokens" })
            let expected = try run(padded)
            try compare(expected, run(packed), "interpreted")
            try compare(expected, run(packed, on: "native"), "compiled")
        }

        @Test(arguments: batches)
        func compiledStepAgreesWithInterpreted(_ batch: Batch) throws {
            let packed = try step(batch, rate: 0.2)
            let expected = try run(packed)
            let session = try CodegenSession(compileThreadCount: 1)
            try expectSameBitsOnAnyThreads(expected) { pool in
                try PlanRunner(
                    packed.graph, packed.inputs, extents: packed.extents, pool: pool,
                    binder: { try CompiledBinder($0, session: session) })
            }
        }

        /// Products of operands rounded to bfloat16, for this CPU and for one without bfloat16,
        /// against the padded step: which sums probabilities in another order before it rounds.
        @Test(arguments: batches)
        func packedBFloat16StepAgreesWithPadded(_ batch: Batch) throws {
            let padded = try step(batch, rate: 0.2, packsPadding: false, policy: .mixedBFloat16)
            let packed = try step(batch, rate: 0.2, policy: .mixedBFloat16)
            let expected = try run(padded)
            for cpu in [nil, "native", "x86-64-v3"] {
                try compare(expected, run(packed, on: cpu), cpu ?? "interpreted", 0.02)
            }
        }

        /// One session meets batches of ever other lengths.
        @Test func aSessionCountsEachBatch() throws {
            let b = GraphBuilder()
            let shape: Shape = [Dimension(Symbol("batch", bound: 3)), 4]
            let mask = try b.append(
                .input(Input("mask", role: .data, type: TensorType(.i32, shape))))
            let tokens = Dimension(Symbol("tokens", bound: 12))
            let packing = try b.append(.packIndices(PackIndices([tokens])), [mask])
            let ones = try b.splat(1, TensorType(.f32, [tokens]))
            b.output("count", try b.reduce(.sum, ones, axes: [0]))
            b.output("offsets", packing[1])
            let session = try NativeCompiler().session(
                for: Plan(b.build()), store: ParameterStore(), pool: ThreadPool(threadCount: 2))
            let base = try #require(session.address(ofInput: "mask"))
                .assumingMemoryBound(to: Int32.self)
            for lengths in [[1, 4, 2], [4, 4, 4], [0, 1, 1], [3], [2, 2]] {
                for (row, count) in lengths.enumerated() {
                    for position in 0..<4 { base[row * 4 + position] = position < count ? 1 : 0 }
                }
                try session.run(SymbolExtents(["batch": lengths.count]))
                let expected = lengths.reduce(0) { $0 + ($1 == 0 ? 4 : $1) }
                let count = try #require(session.output("count")).base.load(as: Float.self)
                #expect(count == Float(expected))
            }
            let error = #expect(throws: GraphError.self) {
                try session.run(SymbolExtents(["batch": 2, "tokens": 5]))
            }
            #expect(error?.message.hasPrefix("the batch keeps 4 positions") == true)
        }

        /// What takes time has kernels, and no score matrix is kept.
        @Test func whatTakesTimeIsCompiled() throws {
            let packed = try step(Self.batches[0], rate: 0.2)
            let plan = try Plan(packed.graph)
            let binder = try CompiledBinder(plan, session: CodegenSession())
            let interpreted = plan.steps.filter { !binder.isCompiled($0) }.map(\.label)
            let rare = interpreted.filter { label in
                ["dot_general", "packed_attention", "layer_norm", "cluster(add"].contains {
                    label.hasPrefix($0)
                }
            }
            #expect(rare == [])
            let attentions = plan.steps.filter { $0.label.hasPrefix("packed_attention") }
            #expect(attentions.count == 4)
            // 6 rows of 40 positions: scores of 2 heads would have 2 · 6 · 40 · 40 elements.
            #expect(plan.buffers.allSatisfy { $0.byteCount < 2 * 6 * 40 * 40 * 4 })
            #expect(try plan.sliced(SliceSize(entryCount: 1, groupCount: 2)) == nil)
        }
    }
#endif
