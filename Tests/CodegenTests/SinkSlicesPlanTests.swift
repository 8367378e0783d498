#if LLVM
    import GraphTestSupport
    import MartletCodegen
    import MartletIR
    import MartletPasses
    import MartletRuntime
    import PlanTestSupport
    import TestSupport
    import Testing

    /// A training step whose head reads the first position only: with slices sunk and not, the
    /// same losses, gradients and updates, dropout included, interpreted and compiled.
    struct SinkSlicesPlanTests {
        struct Extents: CustomTestStringConvertible, Sendable {
            var batch: Int
            var length: Int
            var hasFixedLength = false
            /// Taken in slices of so many entries.
            var slice: Int?

            var testDescription: String {
                "\(batch) x \(hasFixedLength ? "fixed " : "")\(length), "
                    + (slice.map { "slices of \($0)" } ?? "whole")
            }
        }

        private func trained(_ sequences: SequenceGraph, sinks: Bool) throws -> Graph {
            try PassPipeline.training(
                optimizer: RandomUpdates(seed: 3), disabled: sinks ? [] : ["sink-slices"],
                verifies: true
            ).run(sequences.graph)
        }

        @Test(arguments: [
            Extents(batch: 5, length: 19), Extents(batch: 6, length: 40),
            Extents(batch: 1, length: 1), Extents(batch: 5, length: 19, hasFixedLength: true),
            Extents(batch: 5, length: 19, slice: 1), Extents(batch: 5, length: 17, slice: 2),
            Extents(batch: 5, length: 19, hasFixedLength: true, slice: 1),
        ])
        func nothingChangesButTheWork(_ extents: Extents) throws {
            let sequences = try SequenceGraph(
                batch: extents.batch, length: extents.length, bounds: (6, 40),
                hasFixedLength: extents.hasFixedLength, readsFirst: true)
            let whole = try trained(sequences, sinks: false)
            let sunk = try trained(sequences, sinks: true)
            #expect(try Graph(parsing: sunk.text) == sunk)
            let slots = RandomUpdates.slotInputs(of: whole, seed: 3)
            let inputs = sequences.inputs.merging(slots) { first, _ in first }
            let expected = try PlanRunner(
                whole, inputs, extents: sequences.extents, pool: ThreadPool(threadCount: 1)
            ).run()
            let session = try CodegenSession(compileThreadCount: 1)
            for isCompiled in [false, true] where isCompiled || extents.slice == nil {
                try expectSameBitsOnAnyThreads(expected) { pool in
                    try PlanRunner(
                        sunk, inputs, extents: sequences.extents, pool: pool,
                        binder: { try binder($0, isCompiled ? session : nil) },
                        prepare: { plan in
                            guard let slice = extents.slice else { return plan }
                            return try #require(
                                try plan.sliced(SliceSize(entryCount: slice, groupCount: 3)))
                        })
                }
            }
        }

        private func binder(_ plan: Plan, _ session: CodegenSession?) throws -> any StepBinder {
            guard let session else { return InterpretedBinder() }
            return try CompiledBinder(plan, session: session)
        }

        /// The last block works on one position, by kernels; the one before on all.
        @Test func theLastBlockShrinks() throws {
            let sequences = try SequenceGraph(
                batch: 5, length: 40, bounds: (6, 40), hasFixedLength: true, readsFirst: true)
            let (whole, sunk) = try (
                Plan(trained(sequences, sinks: false)), Plan(trained(sequences, sinks: true))
            )
            let extents = SymbolExtents(sequences.extents)
            // Two blocks, of which one keeps but its keys and values.
            let ratio =
                sunk.productOperationCount(extents) / whole.productOperationCount(extents)
            #expect(ratio < 0.7, "\(ratio)")
            let binder = try CompiledBinder(sunk, session: CodegenSession())
            let interpreted = Set(
                sunk.steps.filter { !binder.isCompiled($0) }.map(\.label))
            #expect(
                interpreted.isDisjoint(with: [
                    "attention", "attention_gradient", "layer_norm", "layer_norm_gradient",
                    "dropout", "dot_general",
                ]), "\(interpreted)")
        }

        /// A head that also reads the mean of all positions needs every one of them.
        @Test func whatReadsAllStaysAsItIs() throws {
            let sequences = try SequenceGraph(batch: 5, length: 19, bounds: (6, 40))
            #expect(try trained(sequences, sinks: true) == trained(sequences, sinks: false))
        }
    }
#endif
