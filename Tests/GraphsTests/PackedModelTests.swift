import Foundation
import Martlet
import MartletGraphs
import MartletRuntime
import Testing

/// Models on packed tokens against the same with padding.
@Suite struct PackedModelTests {
    private let texts = [
        "the news", "a play! playing the play in a word", "", "blue", "words and a word of red",
        "un s ing ed", "the of and to in news a word play", "red , blue .", "play", "news news",
    ]
    private let labels = DataArray((0..<10).map { Int32($0 % 3) })

    private struct Trained {
        var losses: [Double]
        var weights: [String: [Float]]
        var predictions: [Float]
        /// What attention ran as.
        var attentions: Set<String>
    }

    private func model(_ checkpoint: String) throws -> Model {
        let folder = PretrainedGolden.root + "/" + checkpoint
        let options = LoadingOptions(ignoresMismatchedHead: true, seed: 4)
        if try HuggingFaceFolder.modelType(folder) == "bert" {
            return try BERT.fromPretrained(
                folder, head: .sequenceClassification(labels: 3), maxLength: 8,
                preprocesses: true, dropout: 0, options: options
            ).model
        }
        return try DistilBERT.fromPretrained(
            folder, head: .sequenceClassification(labels: 3), maxLength: 8, preprocesses: true,
            dropout: 0, options: options
        ).model
    }

    private func trained(
        _ checkpoint: String, _ backend: Backend, isPacked: Bool, threadCount: Int = 2
    ) async throws -> Trained {
        let model = try model(checkpoint)
        let profile = PlanProfile()
        try model.compile(
            optimizer: .huggingFaceAdamW(learningRate: 0.01),
            loss: .sparseCategoricalCrossentropy(fromLogits: true), metrics: [.accuracy],
            options: TrainingOptions(
                threadCount: threadCount, seed: 3, backend: backend, profile: profile,
                disabledPasses: isPacked ? [] : ["pack-padding"], verifiesPasses: true))
        let history = try await model.fit(
            x: DataArray(texts), y: labels, batchSize: 3, epochs: 3, verbosity: .silent)
        let weights = try model.weights()
        let predictions = try await model.predict(texts, batchSize: 10).first.floats
        let steps = Set(profile.kernels.map(\.step))
        return Trained(
            losses: history["loss"], weights: weights, predictions: predictions,
            attentions: steps.filter { $0.contains("attention") })
    }

    private func largestDifference(_ found: [Float], _ expected: [Float]) -> Float {
        zip(found, expected).map { abs($0 - $1) }.max() ?? .infinity
    }

    @Test(arguments: ["bert_bare", "distilbert_bare"], [Backend.interpreted, .default])
    func trainingIsThatOfThePaddedRun(checkpoint: String, backend: Backend) async throws {
        let packed = try await trained(checkpoint, backend, isPacked: true)
        let padded = try await trained(checkpoint, backend, isPacked: false)
        #expect(
            packed.attentions.isSuperset(of: ["packed_attention", "packed_attention_gradient"]))
        #expect(padded.attentions == ["attention", "attention_gradient"])
        #expect(packed.losses.count == 3)
        for (found, expected) in zip(packed.losses, padded.losses) {
            #expect(abs(found - expected) < 1e-4)
        }
        #expect(largestDifference(packed.predictions, padded.predictions) < 2e-3)
        // A bias of the keys adds the same to all scores of a row: its gradient is rounding, which
        // Adam makes as large as any other.
        for (name, values) in padded.weights where !name.hasSuffix("key/bias") {
            let found = try #require(packed.weights[name])
            #expect(largestDifference(found, values) < 2e-3, "\(name)")
        }
    }

    @Test func bitsAreTheSameForAnyNumberOfThreads() async throws {
        let one = try await trained("bert_bare", .default, isPacked: true, threadCount: 1)
        for threadCount in [2, 4] {
            let more = try await trained(
                "bert_bare", .default, isPacked: true, threadCount: threadCount)
            #expect(more.losses == one.losses)
            #expect(more.weights == one.weights)
            #expect(more.predictions == one.predictions)
        }
    }

    /// Masks with holes, with padding in front, with nothing real; batches without any padding run
    /// as they are.
    @Test(arguments: [Backend.interpreted, .default])
    func anyMaskIsRight(backend: Backend) async throws {
        func logits(
            _ mask: [Int32], isPacked: Bool
        ) async throws -> (values: [Float], attentions: Set<String>) {
            let folder = PretrainedGolden.root + "/bert_bare"
            let loaded = try BERT.fromPretrained(
                folder, head: .sequenceClassification(labels: 3), maxLength: 8, dropout: 0,
                options: LoadingOptions(seed: 4))
            let profile = PlanProfile()
            try loaded.model.compile(
                optimizer: .adam(), loss: .sparseCategoricalCrossentropy(fromLogits: true),
                options: TrainingOptions(
                    seed: 3, backend: backend, profile: profile,
                    disabledPasses: isPacked ? [] : ["pack-padding"]))
            let rows = mask.count / 5
            let ids = (0..<mask.count).map { Int32(3 + $0 * 7 % 11) }
            let zeros = [Int32](repeating: 0, count: mask.count)
            let inputs = [("input_ids", ids), ("attention_mask", mask), ("token_type_ids", zeros)]
            let examples = Examples(
                inputs: try inputs.map {
                    Examples.Input($0, try DataArray($1, shape: [rows, 5]))
                })
            let values = try await loaded.model.predict(examples).first.floats
            let steps = Set(profile.kernels.map(\.step))
            return (values, steps.filter { $0.contains("attention") })
        }
        let mask: [Int32] =
            [0, 1, 0, 1, 0] + [1, 1, 0, 0, 0] + [0, 0, 0, 0, 0] + [1, 0, 0, 0, 0]
        let packed = try await logits(mask, isPacked: true)
        let padded = try await logits(mask, isPacked: false)
        #expect(packed.attentions == ["packed_attention"])
        #expect(padded.attentions == ["attention"])
        #expect(packed.values.count == 12)
        #expect(largestDifference(packed.values, padded.values) < 2e-5)
        let whole = try await logits([Int32](repeating: 1, count: 10), isPacked: true)
        #expect(whole.attentions == ["attention"])
    }

    /// Packed tokens can need more memory than the padded batch; what fits then still runs.
    @Test func aBatchThatFitsOnlyPaddedRunsPadded() async throws {
        func attentions(limit: Int, isPacked: Bool) async throws -> Set<String> {
            let model = try model("bert_bare")
            let profile = PlanProfile()
            try model.compile(
                optimizer: .huggingFaceAdamW(learningRate: 0.01),
                loss: .sparseCategoricalCrossentropy(fromLogits: true),
                options: TrainingOptions(
                    threadCount: 1, profile: profile,
                    disabledPasses: isPacked ? [] : ["pack-padding"],
                    memoryLimit: MemoryLimit(byteCount: limit, source: "this test")))
            for _ in 0..<2 {
                try await model.fit(
                    x: DataArray(texts), y: labels, batchSize: 10, verbosity: .silent)
            }
            return Set(profile.kernels.map(\.step)).filter { $0.contains("attention") }
        }
        let refused = await #expect(throws: MemoryError.self) {
            _ = try await attentions(limit: 1, isPacked: false)
        }
        guard case .exceedsLimit(_, let needed, _, _) = refused else {
            Issue.record("\(String(describing: refused))")
            return
        }
        let padded: Set = ["attention", "attention_gradient"]
        #expect(try await attentions(limit: needed, isPacked: false) == padded)
        #expect(try await attentions(limit: needed, isPacked: true) == padded)
        let ample = try await attentions(limit: 10 * needed, isPacked: true)
        #expect(ample == ["packed_attention", "packed_attention_gradient"])
        let still = await #expect(throws: MemoryError.self) {
            _ = try await attentions(limit: needed - 1, isPacked: true)
        }
        #expect("\(String(describing: still))".contains("batch size") == true)
    }
}
