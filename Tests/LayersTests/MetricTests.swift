import MartletIR
import MartletLayers
import TestSupport
import Testing

struct MetricTests {
    private let batch = Dimension(Symbol("batch", bound: 8))

    private func message(
        _ metric: Metric, labels: TensorType, output: TensorType, weight: TensorType? = nil
    ) throws -> String {
        let b = GraphBuilder()
        func input(_ name: String, _ type: TensorType) throws -> Value {
            try b.append(.input(MartletIR.Input(name, role: .data, type: type)))
        }
        let labels = try input("labels", labels)
        let output = try input("output", output)
        let weight = try weight.map { try input("weight", $0) }
        let error = #expect(throws: GraphError.self) {
            try metric.emit(labels: labels, output: output, sampleWeight: weight, in: b)
        }
        return try #require(error).description
    }

    @Test func whatDoesNotFit() throws {
        let classes = TensorType(.f32, [batch, 4])
        let indices = TensorType(.i32, [batch])
        #expect(
            try message(.accuracy, labels: TensorType(.f32, [batch]), output: classes)
                == "accuracy: expected labels [batch] of integers (for labels [batch, 4] of class "
                + "probabilities, use the categorical loss or metric), received f32[batch], "
                + "for the output f32[batch, 4]")
        #expect(
            try message(.sparseTopKCategoricalAccuracy(k: 0), labels: indices, output: classes)
                == "sparse_top_k_categorical_accuracy: k is 0, expected 1 or more")
        #expect(
            try message(.precision(topK: 5), labels: classes, output: classes)
                == "precision: the 5 largest of the output f32[batch, 4] cannot be taken")
        #expect(
            try message(.recall(classIndex: 4), labels: classes, output: classes)
                == "recall: class 4 is none of the output's [batch, 4]")
        #expect(
            try message(
                .f1Score(), labels: TensorType(.f32, [batch, 2, 4]),
                output: TensorType(.f32, [batch, 2, 4]))
                == "f1_score: expected an output [batch, classes], received f32[batch, 2, 4]")
        #expect(
            try message(
                .f1Score(), labels: classes, output: classes,
                weight: TensorType(.f32, [batch, 2]))
                == "f1_score: expected sample weights [batch], received [batch, 2]")
    }

    @Test func runningMeanWeighsBatchesByTheirRows() {
        var mean = RunningMean()
        #expect(mean.result == 0)
        mean.add(1, weight: 128)
        mean.add(4, weight: 64)
        #expect(mean.result == 2)
        mean.reset()
        mean.add(3)
        #expect(mean.result == 3)
    }

    @Test func aMetricKeepsTheNameItIsGiven() {
        #expect(Metric.accuracy.named("acc").name == "acc")
        #expect(Metric.mean(of: .meanSquaredError).name == "mean_squared_error")
        #expect(Metric.rootMeanSquaredError.name == "root_mean_squared_error")
    }
}
