import MartletGraphs
import MartletIR
import MartletLayers
import MartletMemoryPlan
import MartletPasses
import MartletRuntime
import MartletTraining
import Testing

/// The memory of training steps of real sizes; only planned, never allocated.
struct ArenaTests {
    private func trainingPlan(
        _ model: Model, batchSize: Int, fromLogits: Bool = false
    ) throws -> Plan {
        let traced = try model.trace(training: true, batchBound: batchSize)
        let builder = traced.builder
        let output = try #require(traced.outputs.first)
        let loss = Loss.sparseCategoricalCrossentropy(fromLogits: fromLogits)
        let labels = try builder.append(
            .input(
                MartletIR.Input("labels", role: .data, type: loss.labelType(for: output.type))))
        let emitted = try loss.emit(
            labels: labels, output: output.value, mask: output.mask, in: builder)
        builder.output("loss", emitted.value)
        let pipeline = PassPipeline.training(
            optimizer: AppendOptimizer(.adam()), verifies: true)
        return try Plan(pipeline.run(builder.build()))
    }

    private func expectNearLowerBound(_ plan: Plan, naiveOverArena: Double) throws {
        let memory = plan.memory
        try MemoryPlanValidator.validate(memory)
        #expect(
            Double(memory.peakByteCount) <= 1.02 * Double(memory.lowerBoundByteCount),
            """
            arena \(memory.peakByteCount), lower bound \(memory.lowerBoundByteCount), \
            naive sum \(memory.naiveByteCount)
            """)
        #expect(
            Double(memory.naiveByteCount) >= naiveOverArena * Double(memory.peakByteCount),
            "arena \(memory.peakByteCount), naive sum \(memory.naiveByteCount)")
    }

    @Test func lessonClassifierFitsItsLowerBound() throws {
        let plan = try trainingPlan(AGNewsTransformer.model(), batchSize: 128)
        try expectNearLowerBound(plan, naiveOverArena: 1.8)
    }

    /// A tenth of the 76 MB that PyTorch needs: docs/benchmarks.md.
    @Test func lessonClassifierNeedsFewMegabytesInSlices() throws {
        let plan = try #require(
            try trainingPlan(AGNewsTransformer.model(), batchSize: 128).slicedByCost())
        #expect(plan.steps.contains { $0.label == "embedding_adam_update" })
        #expect(plan.arenaByteCount(threadCount: 2) < 7_600_000)
    }

    @Test func twelveLayersOfBERTFitTheirLowerBound() throws {
        var configuration = BERTConfiguration.base
        configuration.labelNames = ["World", "Sports", "Business", "Sci/Tech"]
        let model = try BERT.model(
            configuration, head: .sequenceClassification(labels: 4), maxLength: 128)
        let plan = try trainingPlan(model, batchSize: 32, fromLogits: true)
        try expectNearLowerBound(plan, naiveOverArena: 1.8)
        // Threads share the steps of one slice: more of them take no more memory.
        let sliced = try #require(try plan.slicedByCost())
        #expect(sliced.arenaByteCount(threadCount: 4) == sliced.arenaByteCount(threadCount: 1))
    }
}
