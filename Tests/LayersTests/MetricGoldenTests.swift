import MartletIR
import MartletLayers
import TestSupport
import Testing

struct MetricGoldenTests {
    private func metric(_ golden: MetricGolden) -> Metric? {
        let config = golden.config
        let fromLogits = config["from_logits"]?.bool ?? false
        let thresholds =
            config["thresholds"]?.array?.compactMap(\.double)
            ?? config["thresholds"]?.double.map { [$0] }
        let topK = config["top_k"]?.int
        let classIndex = config["class_id"]?.int
        let average = config["average"]?.string.flatMap { FScoreAverage(rawValue: $0) } ?? .none
        switch golden.metric {
        case "Accuracy": return .exactAccuracy
        case "SparseCategoricalAccuracy": return .sparseCategoricalAccuracy
        case "CategoricalAccuracy": return .categoricalAccuracy
        case "BinaryAccuracy": return .binaryAccuracy(threshold: config["threshold"]?.double ?? 0.5)
        case "SparseTopKCategoricalAccuracy":
            return .sparseTopKCategoricalAccuracy(k: config["k"]?.int ?? 5)
        case "TopKCategoricalAccuracy": return .topKCategoricalAccuracy(k: config["k"]?.int ?? 5)
        case "Precision":
            return .precision(thresholds: thresholds, topK: topK, classIndex: classIndex)
        case "Recall": return .recall(thresholds: thresholds, topK: topK, classIndex: classIndex)
        case "F1Score":
            return .f1Score(average: average, threshold: config["threshold"]?.double)
        case "FBetaScore":
            return .fBetaScore(beta: config["beta"]?.double ?? 1, average: average)
        case "MeanSquaredError": return .meanSquaredError
        case "MeanAbsoluteError": return .meanAbsoluteError
        case "RootMeanSquaredError": return .rootMeanSquaredError
        case "SparseCategoricalCrossentropy":
            return .mean(of: .sparseCategoricalCrossentropy(fromLogits: fromLogits))
        case "CategoricalCrossentropy":
            return .mean(of: .categoricalCrossentropy(fromLogits: fromLogits))
        case "BinaryCrossentropy": return .mean(of: .binaryCrossentropy(fromLogits: fromLogits))
        default: return nil
        }
    }

    /// The sums of one update, and the sums before any.
    private func sums(
        _ metric: Metric, _ update: MetricGolden.Update
    ) throws -> (batch: [[Double]], empty: MetricSums) {
        var graph = GoldenGraph()
        let emitted = try metric.emit(
            labels: graph.input("labels", #require(update.yTrue)),
            output: graph.input("output", #require(update.yPred)),
            mask: graph.optionalInput("mask", update.mask),
            sampleWeight: graph.optionalInput("weight", update.sampleWeight), in: graph.builder)
        for (index, sum) in emitted.sums.enumerated() {
            graph.builder.output("\(index)", sum)
        }
        let results = try graph.run()
        return (
            try emitted.sums.indices.map { try #require(results["\($0)"]).elements },
            emitted.empty
        )
    }

    @Test func resultsAreKeras() throws {
        var caseCount = 0
        for golden in try GoldenFile<MetricGolden>.load("metrics").cases {
            guard let metric = metric(golden) else { continue }
            caseCount += 1
            var total: MetricSums?
            for (index, update) in golden.updates.enumerated() {
                let (batch, empty) = try sums(metric, update)
                var sums = total ?? empty
                sums.add(batch)
                total = sums
                expectClose(
                    sums.result, update.result, "\(golden.name), update \(index)")
            }
            total?.reset()
            expectClose(
                try #require(total).result, golden.emptyResult, "\(golden.name), reset")
        }
        #expect(caseCount == 102)
    }

    @Test(arguments: [
        ([4], [4, 1], "binary_accuracy"), ([4, 1], [4, 1], "binary_accuracy"),
        ([4], [4, 3], "sparse_categorical_accuracy"),
        ([4, 1], [4, 3], "sparse_categorical_accuracy"),
        ([4, 3], [4, 3], "categorical_accuracy"),
        ([4, 2], [4, 2, 3], "sparse_categorical_accuracy"),
    ])
    func accuracyIsChosenByShapes(_ labels: [Int], _ output: [Int], _ name: String) throws {
        let random = RandomSource(seed: 3, stream: 0)
        var used: UInt64 = 0
        func numbers(_ shape: [Int], _ bound: Double) -> [Double] {
            (0..<shape.reduce(1, *)).map { _ in
                used += 1
                return (random.uniformDouble(at: used) * bound).rounded(.down)
            }
        }
        let isSparse = name.hasPrefix("sparse")
        let labelTensor = GoldenTensor(
            shape: labels, dtype: isSparse ? .int32 : .float32,
            values: numbers(labels, isSparse ? 3 : 2))
        let outputTensor = GoldenTensor(
            shape: output, values: numbers(output, 7).map { $0 / 7 })
        let candidates = [
            Metric.binaryAccuracy, .sparseCategoricalAccuracy, .categoricalAccuracy,
        ]
        let expected = try #require(candidates.first { $0.name == name })
        func result(_ metric: Metric) throws -> [Double] {
            var graph = GoldenGraph()
            let emitted = try metric.emit(
                labels: graph.input("labels", labelTensor),
                output: graph.input("output", outputTensor), in: graph.builder)
            for (index, sum) in emitted.sums.enumerated() {
                graph.builder.output("\(index)", sum)
            }
            let results = try graph.run()
            var sums = emitted.empty
            sums.add(try emitted.sums.indices.map { try #require(results["\($0)"]).elements })
            return sums.result
        }
        #expect(try result(.accuracy) == result(expected))
        #expect(Metric.accuracy.name == "accuracy")
    }
}
