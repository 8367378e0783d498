import Foundation
import Martlet
import MartletGraphs
import MartletIR
import MartletPasses
import MartletTraining
import Testing

/// What is frozen costs no gradient and no optimizer state; what is deeper learns more slowly.
@Suite struct FrozenEncoderTests {
    private var sizes: BERTConfiguration {
        var sizes = BERTConfiguration.small
        sizes.vocabularySize = 50
        return sizes
    }

    private func stepGraph(frozen paths: [String]) throws -> Graph {
        let model = try BERT.model(
            sizes, head: .sequenceClassification(labels: 4), maxLength: 16)
        for path in paths { try model.freeze(path) }
        let traced = try model.trace(training: true, batchBound: 4)
        let output = try #require(traced.outputs.first)
        let loss = Loss.sparseCategoricalCrossentropy(fromLogits: true)
        let labels = try traced.builder.append(
            .input(
                MartletIR.Input("labels", role: .data, type: loss.labelType(for: output.type))))
        let emitted = try loss.emit(labels: labels, output: output.value, in: traced.builder)
        traced.builder.output("loss", emitted.value)
        return try PassPipeline.training(
            optimizer: AppendOptimizer(.huggingFaceAdamW()), verifies: true
        ).run(traced.builder.build())
    }

    private func inputs(_ graph: Graph, _ role: MartletIR.Input.Role) -> [String] {
        graph.inputs.compactMap { graph.input(at: $0) }.filter { $0.role == role }
            .map(\.inputName)
    }

    private func count(_ graph: Graph, _ isWanted: (Op) -> Bool) -> Int {
        graph.nodes.count { isWanted($0.op) }
    }

    private func isGradient(_ op: Op) -> Bool {
        switch op {
        case .attentionGradient, .layerNormGradient, .embeddingGradient: true
        default: false
        }
    }

    @Test func aFrozenEncoderHasNoGradientNodesAndNoState() throws {
        let graph = try stepGraph(frozen: ["bert"])
        #expect(inputs(graph, .parameter) == ["classifier/kernel", "classifier/bias"])
        // The rate, and two moments for each of two weights.
        #expect(
            inputs(graph, .slot).sorted() == [
                "adamw/first_moment/classifier/bias", "adamw/first_moment/classifier/kernel",
                "adamw/learning_rate", "adamw/second_moment/classifier/bias",
                "adamw/second_moment/classifier/kernel",
            ])
        #expect(count(graph, isGradient) == 0)
        let products = count(graph) { if case .dotGeneral = $0 { true } else { false } }
        let forward = try BERT.model(
            sizes, head: .sequenceClassification(labels: 4), maxLength: 16
        ).graph(batchBound: 4)
        let optimized = try PassPipeline.inference().run(forward)
        // One more: the gradient by the classifier's kernel.
        let needed = count(optimized) { if case .dotGeneral = $0 { true } else { false } }
        #expect(products == needed + 1)
    }

    @Test func gradientsStopAtTheLastFrozenLayer() throws {
        let frozen = ["bert/embeddings", "bert/layer_0", "bert/layer_1"]
        let graph = try stepGraph(frozen: frozen)
        let attentions = count(graph) { if case .attentionGradient = $0 { true } else { false } }
        #expect(attentions == 2)
        #expect(
            !inputs(graph, .parameter).contains { name in
                frozen.contains { name.hasPrefix($0 + "/") }
            })
        #expect(
            !inputs(graph, .slot).contains { name in
                frozen.contains { name.contains($0 + "/") }
            })
        #expect(count(graph) { if case .embeddingGradient = $0 { true } else { false } } == 0)
        let whole = try stepGraph(frozen: [])
        #expect(count(whole) { if case .attentionGradient = $0 { true } else { false } } == 4)
    }

    @Test func deeperLayersLearnMoreSlowly() throws {
        let rates = BERT.layerwiseRates(layers: 4, decay: 0.5)
        #expect(
            rates == [
                "bert/layer_3": 0.5, "bert/layer_2": 0.25, "bert/layer_1": 0.125,
                "bert/layer_0": 0.0625, "bert/embeddings": 0.03125,
            ])
    }

    /// One step of SGD moves a weight by its rate times the gradient.
    @Test func layerwiseRatesScaleTheUpdates() async throws {
        func moved(_ multipliers: [String: Double]) async throws -> [String: [Float]] {
            let loaded = try BERT.fromPretrained(
                PretrainedGolden.root + "/bert_bare", head: .sequenceClassification(labels: 2),
                maxLength: 7, preprocesses: true, dropout: 0)
            var optimizer = Optimizer.sgd(learningRate: 0.1)
            optimizer.learningRateMultipliers = multipliers
            try loaded.model.compile(
                optimizer: optimizer, loss: .sparseCategoricalCrossentropy(fromLogits: true))
            try await loaded.model.trainOnBatch(
                Examples(x: DataArray(["the news", "a play"]), y: DataArray([0, 1] as [Int32])))
            return try loaded.model.weights().mapValues { $0 }.reduce(into: [:]) { moves, entry in
                moves[entry.key] = zip(entry.value, loaded.weights[entry.key] ?? []).map {
                    $0 - $1
                }
            }
        }
        let plain = try await moved([:])
        let scaled = try await moved(BERT.layerwiseRates(layers: 2, decay: 0.5))
        for (name, factor) in [
            ("classifier/kernel", Float(1)), ("bert/pooler/kernel", 1),
            ("bert/layer_1/intermediate/kernel", 0.5), ("bert/layer_0/intermediate/kernel", 0.25),
            ("bert/embeddings/word_embeddings/embeddings", 0.125),
        ] {
            let (one, other) = try (#require(plain[name]), #require(scaled[name]))
            #expect(one.contains { abs($0) > 1e-5 })
            for (a, b) in zip(one, other) { #expect(abs(a * factor - b) < 2e-6) }
        }
    }
}
