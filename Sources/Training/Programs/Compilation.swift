import MartletIR
import MartletLayers

/// What `compile` was told: how a model is trained and judged.
struct Compilation: Sendable {
    var optimizer: Optimizer
    var loss: Loss
    var metrics: [Metric]
    /// Metrics that sample weights apply to.
    var weightedMetrics: [Metric]

    /// Every metric with the name it is logged under.
    var namedMetrics: [(name: String, metric: Metric, isWeighted: Bool)] {
        metrics.map { ($0.name, $0, false) }
            + weightedMetrics.map { metric in
                let isTaken = metrics.contains { $0.name == metric.name }
                return (isTaken ? "weighted_" + metric.name : metric.name, metric, true)
            }
    }

    /// - Throws: `TrainingError` or `OptimizerError` for arguments that make no sense.
    func validate() throws {
        try optimizer.validate()
        guard loss.reduction != .none else {
            throw TrainingError(
                "compile",
                "the loss \(loss.name) has the reduction none, so it is no single number to make "
                    + "small; choose sumOverBatchSize or sum")
        }
        var seen: Set<String> = ["loss"]
        for (name, _, _) in namedMetrics where !seen.insert(name).inserted {
            throw TrainingError(
                "compile", "two metrics are named \"\(name)\"; give one of them another name")
        }
    }
}
