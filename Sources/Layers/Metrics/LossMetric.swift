import MartletIR

/// The mean of a loss over all rows, without its reduction.
struct LossMetric: MeanMetricFunction {
    var loss: any LossFunction
    /// Whether the result is the root of the mean.
    var takesRoot = false

    var name: String { takesRoot ? "root_" + loss.name : loss.name }

    func labelKind(labels: TensorType, output: TensorType) -> LabelKind { loss.labelKind }

    func values(_ operands: MetricOperands, in b: GraphBuilder) throws -> LossElements {
        try loss.elements(labels: operands.labels, output: operands.output, in: b)
    }

    func result(of sums: [[Double]]) -> [Double] {
        let mean = divideNoNaN(sums[0][0], sums[1][0])
        return [takesRoot ? mean.squareRoot() : mean]
    }
}

extension Metric {
    /// The mean of a loss over all rows: `.mean(of: .meanAbsoluteError)`.
    public static func mean(of loss: Loss) -> Metric { Metric(LossMetric(loss: loss.function)) }

    /// `(output - label)²`, averaged.
    public static let meanSquaredError = mean(of: .meanSquaredError)
    /// `|output - label|`, averaged.
    public static let meanAbsoluteError = mean(of: .meanAbsoluteError)
    /// The root of the mean squared error.
    public static let rootMeanSquaredError = Metric(
        LossMetric(loss: Loss.meanSquaredError.function, takesRoot: true))
}
