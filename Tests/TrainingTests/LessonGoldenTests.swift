import MartletLayers
import MartletTraining
import TestSupport
import Testing

/// The lesson's classifier without dropout against thirty steps of Keras.
struct LessonGoldenTests {
    static let goldens: [LessonGolden] = (try? GoldenFile<LessonGolden>.load("l3").cases) ?? []

    @Test func goldensAreThere() { #expect(Self.goldens.count >= 2) }

    @Test(arguments: goldens.map(\.name), [1, 2])
    func lossesAndWeightsAgreeWithKeras(_ name: String, threadCount: Int) async throws {
        let golden = try #require(Self.goldens.first { $0.name == name })
        let model = try Lesson.classifier(golden.sizes)
        try model.compile(
            optimizer: .adam(learningRate: .constant(golden.learningRate)),
            loss: .sparseCategoricalCrossentropy(), metrics: [.accuracy],
            options: TrainingOptions(threadCount: threadCount, verifiesPasses: true))
        try model.setWeights(Self.weights(golden.initialWeights))
        let x = try DataArray(golden.ids.int32s, shape: golden.ids.shape)
        try expectClose(
            await model.predict(x: x).first.floats, golden.initialPredictions.floats, 1e-5)
        let losses = try await train(model, golden)
        for (step, (actual, expected)) in zip(losses, golden.losses).enumerated() {
            #expect(abs(actual - expected) <= 1e-4 * abs(expected), "step \(step)")
        }
        #expect(losses.count == golden.losses.count)
        let trained = try model.weights()
        for (name, expected) in Self.weights(golden.finalWeights) {
            expectClose(trained[name] ?? [], expected, 1e-3, name)
        }
        try expectClose(await model.predict(x: x).first.floats, golden.predictions.floats, 1e-3)
    }

    /// The loss of each step, before its update.
    private func train(_ model: Model, _ golden: LessonGolden) async throws -> [Float] {
        let rowCount = golden.ids.shape[0]
        let length = golden.ids.shape[1]
        var losses: [Float] = []
        for step in golden.losses.indices {
            let rows = (0..<golden.batchSize).map { (step * golden.batchSize + $0) % rowCount }
            let ids = rows.flatMap { golden.ids.int32s[($0 * length)..<(($0 + 1) * length)] }
            let logs = try await model.trainOnBatch(
                Examples(
                    x: DataArray(ids, shape: [rows.count, length]),
                    y: DataArray(rows.map { golden.labels.int32s[$0] })))
            losses.append(Float(logs["loss"] ?? .nan))
        }
        return losses
    }

    /// The goldens' weights under the names of the model.
    private static func weights(_ weights: [LessonGolden.Weight]) -> [String: [Float]] {
        let names = [
            "embedding/token_embedding": "token_and_position_embedding/token",
            "embedding/position_embedding": "token_and_position_embedding/position",
            "transformer_block/inner": "transformer_block/feed_forward/dense",
            "transformer_block/outer": "transformer_block/feed_forward/dense_1",
            "transformer_block/normalization_1": "transformer_block/normalization1",
            "transformer_block/normalization_2": "transformer_block/normalization2",
            "hidden": "dense", "classifier": "dense_1",
        ]
        var result: [String: [Float]] = [:]
        for weight in weights {
            let layer = names.keys.first { weight.name.hasPrefix($0 + "/") }
            let name =
                layer.map { (names[$0] ?? "") + weight.name.dropFirst($0.count) } ?? weight.name
            result[name] = weight.tensor.floats
        }
        return result
    }

    private func expectClose(
        _ actual: [Float], _ expected: [Float], _ tolerance: Double, _ what: String = "predictions"
    ) {
        let problem = mismatch(
            actual.map(Double.init), expected.map(Double.init),
            tolerance: Tolerance(relative: tolerance, absolute: tolerance / 10))
        #expect(problem == nil, "\(what): \(problem ?? "")")
    }
}

extension Lesson {
    static func classifier(_ sizes: LessonGolden.Sizes) throws -> Sequential {
        try classifier(
            Sizes(
                vocabularySize: sizes.vocabularySize, length: sizes.length, dimension: sizes.size,
                heads: sizes.heads, innerSize: sizes.innerSize, hiddenUnits: sizes.hiddenUnits,
                classes: sizes.classes))
    }
}
