import MartletIR

/// The share of rows whose label is among the k largest outputs. A label whose output ties with
/// the k-th counts as found; a row with a NaN or infinite output does not.
struct TopKAccuracy: MeanMetricFunction {
    var k: Int
    var isSparse: Bool

    var name: String {
        isSparse ? "sparse_top_k_categorical_accuracy" : "top_k_categorical_accuracy"
    }

    func labelKind(labels: TensorType, output: TensorType) -> LabelKind {
        isSparse ? .classIndices : .likeOutput
    }

    func values(_ operands: MetricOperands, in b: GraphBuilder) throws -> LossElements {
        guard k >= 1 else {
            throw GraphError(op: operands.name, message: "k is \(k), expected 1 or more")
        }
        let output = operands.output
        let type = b.type(of: output)
        let axis = type.rank - 1
        let labels =
            isSparse ? operands.labels : try b.append(.argMax(ArgMax(axis: axis)), operands.labels)
        let hot = try b.oneHot(labels, like: output)
        let chosen = try b.select(hot, output, b.splat(0, type))
        let score = try b.reduceKeepingAxes(.sum, chosen, axes: [axis])
        let isBetter = try b.convert(b.compare(.gt, output, score), to: type.dtype)
        let betterCount = try b.reduce(.sum, isBetter, axes: [axis])
        let limit = try b.splat(Double(k), b.type(of: betterCount))
        var found = try b.compare(.lt, betterCount, limit)
        found = try b.binary(.and, found, b.reduce(.or, hot, axes: [axis]))
        let finite = try b.reduce(.and, b.unary(.isFinite, output), axes: [axis])
        found = try b.binary(.and, found, finite)
        return LossElements(try b.convert(found, to: type.dtype))
    }
}

extension Metric {
    /// The share of rows whose class number is among the k largest outputs.
    public static func sparseTopKCategoricalAccuracy(k: Int = 5) -> Metric {
        Metric(TopKAccuracy(k: k, isSparse: true))
    }

    /// The share of rows whose largest label is among the k largest outputs.
    public static func topKCategoricalAccuracy(k: Int = 5) -> Metric {
        Metric(TopKAccuracy(k: k, isSparse: false))
    }
}
