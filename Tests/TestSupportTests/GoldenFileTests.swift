import TestSupport
import Testing

@Suite struct GoldenFileTests {
    @Test func aLayerCaseIsWhatItsNumbersSay() throws {
        let file = try GoldenFile<LayerGolden>.load("layers")
        let golden = try #require(file.cases.first { $0.name == "Dense/no bias" })
        #expect(golden.config["use_bias"]?.bool == false)
        #expect(golden.config["units"]?.int == 4)
        let input = try #require(golden.input("inputs"))
        let kernel = try #require(golden.weight("kernel"))
        let output = golden.outputs[0]
        let (rows, inner, columns) = (3, 5, 4)
        var product = [Float](repeating: 0, count: rows * columns)
        var gradient = [Float](repeating: 0, count: inner * columns)
        for (i, j) in (0..<rows).flatMap({ i in (0..<columns).map { (i, $0) } }) {
            for k in 0..<inner {
                product[i * columns + j] +=
                    input.tensor.floats[i * inner + k] * kernel.tensor.floats[k * columns + j]
                gradient[k * columns + j] +=
                    input.tensor.floats[i * inner + k] * output.cotangent.floats[i * columns + j]
            }
        }
        expectClose(product, output.tensor, shape: [rows, columns])
        expectClose(gradient, kernel.gradient, shape: [inner, columns])
    }

    @Test func numbersThatAreNotFiniteAreRead() throws {
        let file = try GoldenFile<LayerGolden>.load("layers")
        let golden = try #require(
            file.cases.first { $0.name == "GlobalAveragePooling1D/all masked" })
        #expect(golden.outputs[0].tensor.values[0].isNaN)
    }

    @Test func everyFileReads() throws {
        #expect(try GoldenFile<LayerGolden>.load("layers").cases.count > 100)
        #expect(try GoldenFile<MaskGolden>.load("masks").cases.count > 50)
        #expect(try GoldenFile<ActivationGolden>.load("activations").cases.count > 30)
        #expect(try GoldenFile<LossGolden>.load("losses").cases.count > 100)
        #expect(try GoldenFile<MetricGolden>.load("metrics").cases.count > 100)
        #expect(try GoldenFile<ScheduleGolden>.load("schedules").cases.count > 20)
        #expect(try GoldenFile<InitializerGolden>.load("initializers").cases.count > 50)
        for golden in try GoldenFile<LessonGolden>.load("l3").cases {
            #expect(golden.losses.count == 30)
            #expect(golden.initialWeights.map(\.name) == golden.finalWeights.map(\.name))
        }
        for golden in try GoldenFile<FitGolden>.load("fit_rules").cases {
            #expect(Set(golden.historyKeys) == Set(golden.history.keys), "\(golden.name)")
            #expect(golden.validationX == nil || golden.history["val_loss"] != nil)
        }
        for golden in try GoldenFile<OptimizerGolden>.load("optimizers").cases {
            #expect(golden.gradients.count == golden.steps.count, "\(golden.name)")
            for step in golden.steps {
                #expect(step.parameters.map(\.shape) == golden.variables.map(\.tensor.shape))
                #expect(step.slots.count == golden.slotNames.count)
            }
        }
    }
}
