import MartletIR

/// `(1 + β²) · precision · recall / (β² · precision + recall)` per class, then averaged.
struct FScore: MetricFunction {
    var average: FScoreAverage
    var beta: Double
    /// Outputs above it are positive; nil for the largest of each row, unless it is 0.
    var threshold: Double?

    var name: String { beta == 1 ? "f1_score" : "fbeta_score" }

    func labelKind(labels: TensorType, output: TensorType) -> LabelKind { .likeOutput }

    func sums(_ operands: MetricOperands, in b: GraphBuilder) throws -> [Value] {
        let (y, output) = (operands.labels, operands.output)
        let type = b.type(of: output)
        guard type.rank == 2, type.shape[1].fixed != nil else {
            throw GraphError(
                op: operands.name,
                message: "expected an output [batch, classes], received \(type)")
        }
        guard beta > 0 else {
            throw GraphError(op: operands.name, message: "beta is \(beta), expected more than 0")
        }
        let p = try b.convert(isPositive(output, type, b), to: type.dtype)
        let (notY, notP) = (try b.subtract(1, y), try b.subtract(1, p))
        let weight = try operands.sampleWeight.map { try rowWeight($0, type, operands.name, b) }
        let axes = average == .micro ? [0, 1] : [0]
        return try [b.multiply(p, y), b.multiply(p, notY), b.multiply(notP, y), y].map {
            try b.reduce(.sum, weight.map { [x = $0] in try b.multiply(x, $0) } ?? $0, axes: axes)
        }
    }

    private func isPositive(_ output: Value, _ type: TensorType, _ b: GraphBuilder) throws -> Value
    {
        if let threshold { return try b.compare(.gt, output, b.splat(threshold, type)) }
        let largest = try b.reduceKeepingAxes(.max, output, axes: [1])
        let isNotZero = try b.compare(.gt, b.unary(.abs, output), b.splat(1e-9, type))
        return try b.binary(.and, b.compare(.ge, output, largest), isNotZero)
    }

    private func rowWeight(
        _ weight: Value, _ type: TensorType, _ name: String, _ b: GraphBuilder
    ) throws -> Value {
        let given = try b.convert(weight, to: type.dtype)
        let shape = b.type(of: given).shape
        guard shape.elementCount == type.shape[0] else {
            throw GraphError(
                op: name, message: "expected sample weights [\(type.shape[0])], received \(shape)")
        }
        return try b.broadcastInDim(
            b.reshape(given, [type.shape[0]]), type.shape, dimensions: [0])
    }

    func result(of sums: [[Double]]) -> [Double] {
        let epsilon = GraphBuilder.epsilon
        let scores = sums[0].indices.map { index in
            let hits = sums[0][index]
            let precision = hits / (hits + sums[1][index] + epsilon)
            let recall = hits / (hits + sums[2][index] + epsilon)
            let weighted = beta * beta * precision + recall
            return precision * recall / (weighted + epsilon) * (1 + beta * beta)
        }
        switch average {
        case .none: return scores
        case .micro, .macro:
            return [divideNoNaN(scores.reduce(0, +), Double(scores.count))]
        case .weighted:
            let total = sums[3].reduce(0, +) + epsilon
            return [zip(scores, sums[3]).reduce(0) { $0 + $1.0 * $1.1 / total }]
        }
    }
}

/// How the scores of classes become one.
public enum FScoreAverage: String, Hashable, Sendable, CaseIterable {
    /// One score for each class.
    case none
    /// One score of all classes' counts together.
    case micro
    /// The mean of the classes' scores.
    case macro
    /// The mean weighted by how many labels each class has.
    case weighted
}

extension Metric {
    /// The harmonic mean of precision and recall of one-hot or multi-label rows
    /// `[batch, classes]`.
    ///
    /// - Parameter threshold: outputs above it are positive; nil for the largest of each row.
    public static func f1Score(
        average: FScoreAverage = .none, threshold: Double? = nil
    ) -> Metric {
        Metric(FScore(average: average, beta: 1, threshold: threshold))
    }

    /// The F-score that weighs recall `beta` times as much as precision.
    public static func fBetaScore(
        beta: Double, average: FScoreAverage = .none, threshold: Double? = nil
    ) -> Metric {
        Metric(
            FScore(average: average, beta: beta, threshold: threshold), name: "fbeta_score")
    }
}
