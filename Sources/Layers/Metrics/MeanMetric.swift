import MartletIR

/// A metric that averages a function of each row: sums of weighted values and of weights.
protocol MeanMetricFunction: MetricFunction {
    /// One value for each row, or for each element of the leading axes.
    func values(_ operands: MetricOperands, in builder: GraphBuilder) throws -> LossElements
}

extension MeanMetricFunction {
    func sums(_ operands: MetricOperands, in b: GraphBuilder) throws -> [Value] {
        let elements = try values(operands, in: b)
        let masks = [operands.mask, elements.mask].compactMap { $0 }
        let mask = masks.count == 2 ? try b.binary(.and, masks[0], masks[1]) : masks.first
        return try b.weightedSum(
            elements.values, mask: mask, sampleWeight: operands.sampleWeight, for: operands.name)
    }

    func result(of sums: [[Double]]) -> [Double] { [divideNoNaN(sums[0][0], sums[1][0])] }
}

extension GraphBuilder {
    /// `Σ weight · value` and `Σ weight` over rows; values and weights are averaged over all axes
    /// but the first. (Keras's `reduce_to_samplewise_values` with a mean.)
    fileprivate func weightedSum(
        _ values: Value, mask: Value?, sampleWeight: Value?, for name: String
    ) throws -> [Value] {
        let dtype = type(of: values).dtype
        let given = try weight(mask: mask, sampleWeight: sampleWeight, dtype, for: name)
        guard let given else {
            let rows = try meanOfRows(values)
            let axes = Array(0..<type(of: rows).rank)
            return [try reduce(.sum, rows, axes: axes), try elementCount(rows, axes: axes)]
        }
        var (values, weight) = try matchingRanks(values, given)
        let (rank, weightRank) = (type(of: values).rank, type(of: weight).rank)
        if rank > weightRank { values = try mean(values, axes: Array(weightRank..<rank)) }
        (values, weight) = try broadcastTogether(values, weight, for: name)
        let rows = try meanOfRows(multiply(values, weight))
        let rowWeights = try meanOfRows(weight)
        return try [rows, rowWeights].map {
            try reduce(.sum, $0, axes: Array(0..<type(of: $0).rank))
        }
    }

    private func meanOfRows(_ x: Value) throws -> Value {
        let rank = type(of: x).rank
        return rank > 1 ? try mean(x, axes: Array(1..<rank)) : x
    }
}

/// A mean of numbers the host has: the loss of an epoch is the mean of the batches' losses, each
/// weighted by its number of rows, as in Keras.
public struct RunningMean: Sendable {
    private var total = 0.0
    private var weight = 0.0

    public init() {}

    public mutating func add(_ value: Double, weight: Double = 1) {
        total += value * weight
        self.weight += weight
    }

    public mutating func reset() { self = RunningMean() }

    /// 0 before the first number.
    public var result: Double { divideNoNaN(total, weight) }
}
