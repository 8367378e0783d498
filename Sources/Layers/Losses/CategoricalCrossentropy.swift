import MartletIR

/// `-Σ label · log p` over the last axis, for labels that are probabilities of the classes.
///
/// Probabilities are divided by their sum, then clipped to [1e-7, 1 - 1e-7]; where the output is
/// a softmax, its logits are used instead, as in Keras.
struct CategoricalCrossentropy: LossFunction {
    var fromLogits = false
    var labelSmoothing = 0.0

    var name: String { "categorical_crossentropy" }
    var labelKind: LabelKind { .likeOutput }

    func elements(labels: Value, output: Value, in b: GraphBuilder) throws -> LossElements {
        let axis = b.type(of: output).rank - 1
        let targets = try b.smoothed(labels, labelSmoothing)
        let logits = b.logits(ofSoftmax: output) ?? (fromLogits ? output : nil)
        let logarithms: Value
        if let logits {
            logarithms = try b.append(.logSoftmax(LogSoftmax(axis: axis)), logits)
        } else {
            let sum = try b.reduceKeepingAxes(.sum, output, axes: [axis])
            let epsilon = GraphBuilder.epsilon
            logarithms = try b.unary(
                .log, b.clip(b.divide(output, sum), epsilon, 1 - epsilon))
        }
        return LossElements(try b.negate(b.sumOfLastAxis(b.multiply(targets, logarithms))))
    }

    func diagnostics(output: Value, in builder: GraphBuilder) -> [Diagnostic] {
        builder.probabilityDiagnostics(
            output, fromLogits: fromLogits, loss: name, activation: "softmax")
            + builder.logitDiagnostics(
                output, isActivated: builder.logits(ofSoftmax: output) != nil,
                fromLogits: fromLogits, loss: name, activation: "softmax")
    }
}

/// `-α · (1 - p)^γ · label · log p`, summed over the last axis: easy rows count less (Lin et al.,
/// 2017, arXiv 1708.02002).
struct CategoricalFocalCrossentropy: LossFunction {
    var alpha = 0.25
    var gamma = 2.0
    var fromLogits = false
    var labelSmoothing = 0.0

    var name: String { "categorical_focal_crossentropy" }
    var labelKind: LabelKind { .likeOutput }

    func diagnostics(output: Value, in builder: GraphBuilder) -> [Diagnostic] {
        builder.probabilityDiagnostics(
            output, fromLogits: fromLogits, loss: name, activation: "softmax")
    }

    func elements(labels: Value, output: Value, in b: GraphBuilder) throws -> LossElements {
        let axis = b.type(of: output).rank - 1
        let targets = try b.smoothed(labels, labelSmoothing)
        let given =
            fromLogits ? try b.append(.softmax(MartletIR.Softmax(axis: axis)), output) : output
        let sum = try b.reduceKeepingAxes(.sum, given, axes: [axis])
        let epsilon = GraphBuilder.epsilon
        let p = try b.clip(b.divide(given, sum), epsilon, 1 - epsilon)
        let entropy = try b.negate(b.multiply(targets, b.unary(.log, p)))
        let distance = try b.subtract(1, p)
        let focus = try b.power(distance, b.splat(gamma, b.type(of: distance)))
        let losses = try b.multiply(b.multiply(focus, alpha), entropy)
        return LossElements(try b.sumOfLastAxis(losses))
    }
}

extension GraphBuilder {
    /// `label · (1 - s) + s / classes`
    fileprivate func smoothed(_ labels: Value, _ smoothing: Double) throws -> Value {
        guard smoothing != 0 else { return labels }
        let count = try elementCount(labels, axes: [type(of: labels).rank - 1])
        let share = try divide(splat(smoothing, type(of: count)), count)
        return try add(multiply(labels, 1 - smoothing), repeated(share, like: labels))
    }
}

extension Loss {
    /// Cross-entropy of class probabilities (one-hot or soft) `[batch, …, classes]`.
    ///
    /// - Parameters:
    ///   - fromLogits: whether the output is logits; otherwise it is probabilities.
    ///   - labelSmoothing: the share of each label that is spread over all classes, 0...1.
    public static func categoricalCrossentropy(
        fromLogits: Bool = false, labelSmoothing: Double = 0,
        reduction: LossReduction = .sumOverBatchSize
    ) -> Loss {
        Loss(
            CategoricalCrossentropy(fromLogits: fromLogits, labelSmoothing: labelSmoothing),
            reduction: reduction)
    }

    /// Cross-entropy that counts well-predicted rows less: `α · (1 - p)^γ` times it.
    public static func categoricalFocalCrossentropy(
        alpha: Double = 0.25, gamma: Double = 2, fromLogits: Bool = false,
        labelSmoothing: Double = 0, reduction: LossReduction = .sumOverBatchSize
    ) -> Loss {
        Loss(
            CategoricalFocalCrossentropy(
                alpha: alpha, gamma: gamma, fromLogits: fromLogits,
                labelSmoothing: labelSmoothing),
            reduction: reduction)
    }
}
