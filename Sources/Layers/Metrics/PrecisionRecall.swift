import MartletIR

/// Precision `TP / (TP + FP)` or recall `TP / (TP + FN)` of outputs above thresholds.
struct PrecisionRecall: MetricFunction {
    enum Kind: String, Sendable {
        case precision, recall
    }

    var kind: Kind
    /// Nil for one half, or for all outputs among the largest k.
    var thresholds: [Double]?
    /// Only the k largest outputs of a row count as positive.
    var topK: Int?
    /// Only this class counts.
    var classIndex: Int?

    var name: String { kind.rawValue }

    func labelKind(labels: TensorType, output: TensorType) -> LabelKind { .likeOutput }

    /// An output that is not among the largest k, as Keras marks it.
    private static let excluded = -1e10

    func sums(_ operands: MetricOperands, in b: GraphBuilder) throws -> [Value] {
        var (labels, output) = (operands.labels, operands.output)
        if let topK { output = try keepingLargest(topK, of: output, operands.name, b) }
        var weight = try operands.sampleWeight.map {
            try rowWeight($0, like: output, operands.name, b)
        }
        if let classIndex {
            labels = try column(classIndex, of: labels, operands.name, b)
            output = try column(classIndex, of: output, operands.name, b)
            weight = try weight.map { try column(classIndex, of: $0, operands.name, b) }
        }
        let type = b.type(of: output)
        let isPositive = try b.compare(.ne, labels, b.splat(0, b.type(of: labels)))
        var (hits, misses): ([Value], [Value]) = ([], [])
        for threshold in thresholds ?? [topK == nil ? 0.5 : Self.excluded] {
            let predicted = try b.compare(.gt, output, b.splat(threshold, type))
            let missed =
                kind == .precision
                ? try b.binary(.and, predicted, b.unary(.not, isPositive))
                : try b.binary(.and, isPositive, b.unary(.not, predicted))
            hits.append(try count(b.binary(.and, isPositive, predicted), weight, type, b))
            misses.append(try count(missed, weight, type, b))
        }
        return [try b.concatenate(hits, axis: 0), try b.concatenate(misses, axis: 0)]
    }

    func result(of sums: [[Double]]) -> [Double] {
        zip(sums[0], sums[1]).map { divideNoNaN($0, $0 + $1) }
    }

    /// `Σ weight` where the condition holds, as a vector of one element.
    private func count(
        _ condition: Value, _ weight: Value?, _ type: TensorType, _ b: GraphBuilder
    ) throws -> Value {
        let ones = try weight ?? b.splat(1, type)
        let counted = try b.select(condition, ones, b.splat(0, type))
        return try b.reshape(b.reduce(.sum, counted, axes: Array(0..<type.rank)), [1])
    }

    /// Weights `[batch]` repeated along the other axes of the output.
    private func rowWeight(
        _ weight: Value, like output: Value, _ name: String, _ b: GraphBuilder
    ) throws -> Value {
        let type = b.type(of: output)
        let given = try b.convert(weight, to: type.dtype)
        let shape = b.type(of: given).shape
        if shape == type.shape { return given }
        guard shape.rank < type.rank else {
            throw GraphError(
                op: name, message: "sample weights \(shape) do not fit the output \(type)")
        }
        let column = try b.reshape(given, shape.appending(1))
        return try b.broadcastTogether(b.splat(0, type), column, for: name).1
    }

    private func column(
        _ index: Int, of x: Value, _ name: String, _ b: GraphBuilder
    ) throws -> Value {
        let shape = b.type(of: x).shape
        guard shape.rank >= 2, let classCount = shape.dimensions.last?.fixed,
            (0..<classCount).contains(index)
        else {
            throw GraphError(
                op: name, message: "class \(index) is none of the output's \(shape)")
        }
        var starts = [Int](repeating: 0, count: shape.rank)
        starts[shape.rank - 1] = index
        var limits = shape
        limits.dimensions[shape.rank - 1] = Dimension(index + 1)
        return try b.slice(x, starts: starts, limits: limits)
    }

    /// The k largest of each row as they are, the others far below every threshold. Of equal
    /// outputs the first are kept.
    private func keepingLargest(
        _ k: Int, of x: Value, _ name: String, _ b: GraphBuilder
    ) throws -> Value {
        let type = b.type(of: x)
        guard type.rank >= 2, let classCount = type.shape.dimensions.last?.fixed,
            (1...max(classCount, 1)).contains(k)
        else {
            throw GraphError(
                op: name, message: "the \(k) largest of the output \(type) cannot be taken")
        }
        let axis = type.rank - 1
        let lowest = try b.splat(-.infinity, type)
        var (left, kept) = (x, try b.splat(Self.excluded, type))
        for _ in 0..<k {
            let best = try b.append(.argMax(ArgMax(axis: axis)), left)
            let hot = try b.oneHot(best, like: x)
            kept = try b.select(hot, x, kept)
            left = try b.select(hot, lowest, left)
        }
        return kept
    }
}

extension Metric {
    /// `true positives / (true positives + false positives)`, 0 without any.
    ///
    /// - Parameters:
    ///   - thresholds: outputs above one count as positive; one result each. Nil for one half, or
    ///     for all of the `topK`.
    ///   - topK: only the k largest outputs of a row may be positive.
    ///   - classIndex: only this column counts.
    public static func precision(
        thresholds: [Double]? = nil, topK: Int? = nil, classIndex: Int? = nil
    ) -> Metric {
        Metric(
            PrecisionRecall(
                kind: .precision, thresholds: thresholds, topK: topK, classIndex: classIndex))
    }

    /// `true positives / (true positives + false negatives)`, 0 without any.
    ///
    /// - Parameters: as of `precision`.
    public static func recall(
        thresholds: [Double]? = nil, topK: Int? = nil, classIndex: Int? = nil
    ) -> Metric {
        Metric(
            PrecisionRecall(
                kind: .recall, thresholds: thresholds, topK: topK, classIndex: classIndex))
    }
}
