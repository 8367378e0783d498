import MartletLayers

/// Loss and metrics since the beginning of an epoch, as Keras logs them: the mean of the batch
/// losses weighted by batch size, and the metrics over all rows so far.
struct RunningMeans {
    private var loss = RunningMean()
    private var metrics: [(name: String, sums: MetricSums)] = []

    /// Adds what a program's last run left behind. Allocates at the first batch only.
    mutating func add(_ program: Program, rowCount: Int) {
        loss.add(Double(program.loss), weight: Double(rowCount))
        if metrics.count != program.metrics.count {
            metrics = program.metrics.map { ($0.name, $0.empty) }
        }
        for (index, metric) in program.metrics.enumerated() {
            for (sum, base) in metric.bases.enumerated() {
                for element in 0..<metric.elementCounts[sum] {
                    metrics[index].sums.add(Double(base[element]), sum: sum, element: element)
                }
            }
        }
    }

    mutating func reset() {
        loss.reset()
        for index in metrics.indices { metrics[index].sums.reset() }
    }

    /// The means by name. A metric of several numbers, one for each class, is numbered.
    var logs: Logs {
        var logs: Logs = ["loss": loss.result]
        for metric in metrics {
            let result = metric.sums.result
            if result.count == 1 {
                logs[metric.name] = result[0]
            } else {
                for (index, value) in result.enumerated() {
                    logs["\(metric.name)_\(index)"] = value
                }
            }
        }
        return logs
    }
}

/// What a callback is told and a history keeps: numbers by Keras's names, `loss`, `accuracy`,
/// `val_loss`, ….
public typealias Logs = [String: Double]
