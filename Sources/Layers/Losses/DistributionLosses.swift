import MartletIR

/// `Σ label · log(label / output)` over the last axis, both clipped to [1e-7, 1].
struct KLDivergence: LossFunction {
    var name: String { "kl_divergence" }
    var labelKind: LabelKind { .likeOutput }

    func elements(labels: Value, output: Value, in b: GraphBuilder) throws -> LossElements {
        let y = try b.clip(labels, GraphBuilder.epsilon, 1)
        let p = try b.clip(output, GraphBuilder.epsilon, 1)
        return LossElements(
            try b.sumOfLastAxis(b.multiply(y, b.unary(.log, b.divide(y, p)))))
    }
}

/// `-Σ label · output` of both normalized to length 1 along an axis; -1 for equal directions.
struct CosineSimilarityLoss: LossFunction {
    /// Counted from the end where negative.
    var axis: Int

    var name: String { "cosine_similarity" }
    var labelKind: LabelKind { .likeOutput }

    func elements(labels: Value, output: Value, in b: GraphBuilder) throws -> LossElements {
        let rank = b.type(of: output).rank
        let axis = axis < 0 ? axis + rank : axis
        guard (0..<rank).contains(axis) else {
            throw GraphError(
                op: name, message: "axis \(self.axis) is outside the output \(b.type(of: output))")
        }
        let product = try b.multiply(
            normalized(labels, axis, b), normalized(output, axis, b))
        return LossElements(try b.negate(b.reduce(.sum, product, axes: [axis])))
    }

    /// `x / √max(Σ x², 1e-12)`, as TensorFlow's `l2_normalize`.
    private func normalized(_ x: Value, _ axis: Int, _ b: GraphBuilder) throws -> Value {
        let sum = try b.reduceKeepingAxes(.sum, b.square(x), axes: [axis])
        let bounded = try b.maximum(sum, b.splat(1e-12, b.type(of: sum)))
        return try b.multiply(x, b.unary(.rsqrt, bounded))
    }
}

/// `max(0, 1 + max((1 - label) · output) - Σ label · output)` over the last axis.
struct CategoricalHinge: LossFunction {
    var name: String { "categorical_hinge" }
    var labelKind: LabelKind { .likeOutput }

    func elements(labels: Value, output: Value, in b: GraphBuilder) throws -> LossElements {
        let axis = b.type(of: output).rank - 1
        let chosen = try b.sumOfLastAxis(b.multiply(labels, output))
        let other = try b.reduce(
            .max, b.multiply(b.subtract(1, labels), output), axes: [axis])
        let margin = try b.add(b.subtract(other, chosen), 1)
        return LossElements(try b.maximum(margin, b.splat(0, b.type(of: margin))))
    }
}

extension Loss {
    /// `Σ label · log(label / output)`: how far the output's distribution is from the label's.
    public static let klDivergence = Loss(KLDivergence())
    /// The margin by which the best wrong class comes near the right one.
    public static let categoricalHinge = Loss(CategoricalHinge())

    /// The negative cosine of the angle between label and output along an axis.
    public static func cosineSimilarity(
        axis: Int = -1, reduction: LossReduction = .sumOverBatchSize
    ) -> Loss {
        Loss(CosineSimilarityLoss(axis: axis), reduction: reduction)
    }
}
