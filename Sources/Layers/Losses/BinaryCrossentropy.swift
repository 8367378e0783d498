import MartletIR

/// `-(label · log p + (1 - label) · log(1 - p))`, averaged over the last axis.
///
/// From logits x it is `max(x, 0) - x · label + log(1 + exp(-|x|))`; where the output is a
/// sigmoid, its logits are used, as in Keras. Probabilities are clipped to [1e-7, 1 - 1e-7].
struct BinaryCrossentropy: LossFunction {
    var fromLogits = false
    var labelSmoothing = 0.0

    var name: String { "binary_crossentropy" }
    var labelKind: LabelKind { .likeOutput }

    func elements(labels: Value, output: Value, in b: GraphBuilder) throws -> LossElements {
        let targets = try b.smoothedBits(labels, labelSmoothing)
        let logits = b.logits(ofSigmoid: output) ?? (fromLogits ? output : nil)
        let losses =
            try logits.map { try b.subtract(b.softplus($0), b.multiply($0, targets)) }
            ?? b.binaryEntropy(of: targets, probabilities: output)
        return LossElements(try b.meanOfLastAxis(losses))
    }

    func diagnostics(output: Value, in builder: GraphBuilder) -> [Diagnostic] {
        builder.probabilityDiagnostics(
            output, fromLogits: fromLogits, loss: name, activation: "sigmoid")
            + builder.logitDiagnostics(
                output, isActivated: builder.logits(ofSigmoid: output) != nil,
                fromLogits: fromLogits, loss: name, activation: "sigmoid")
    }
}

/// `(1 - q)^γ` times the binary cross-entropy, where q is the probability given to the label
/// (Lin et al., 2017, arXiv 1708.02002).
struct BinaryFocalCrossentropy: LossFunction {
    var appliesClassBalancing = false
    var alpha = 0.25
    var gamma = 2.0
    var fromLogits = false
    var labelSmoothing = 0.0

    var name: String { "binary_focal_crossentropy" }
    var labelKind: LabelKind { .likeOutput }

    func diagnostics(output: Value, in builder: GraphBuilder) -> [Diagnostic] {
        builder.probabilityDiagnostics(
            output, fromLogits: fromLogits, loss: name, activation: "sigmoid")
    }

    func elements(labels: Value, output: Value, in b: GraphBuilder) throws -> LossElements {
        let y = try b.smoothedBits(labels, labelSmoothing)
        let p = fromLogits ? try b.unary(.logistic, output) : output
        let (notY, notP) = (try b.subtract(1, y), try b.subtract(1, p))
        // Keras gives the sigmoid to the plain loss, which then finds its logits.
        let entropy =
            fromLogits
            ? try b.subtract(b.softplus(output), b.multiply(output, y))
            : try b.logits(ofSigmoid: output).map {
                try b.subtract(b.softplus($0), b.multiply($0, y))
            } ?? b.binaryEntropy(of: y, probabilities: p)
        let chance = try b.add(b.multiply(y, p), b.multiply(notY, notP))
        let distance = try b.subtract(1, chance)
        let focus = try b.power(distance, b.splat(gamma, b.type(of: distance)))
        var losses = try b.multiply(focus, entropy)
        if appliesClassBalancing {
            let balance = try b.add(b.multiply(y, alpha), b.multiply(notY, 1 - alpha))
            losses = try b.multiply(balance, losses)
        }
        return LossElements(try b.meanOfLastAxis(losses))
    }
}

extension GraphBuilder {
    /// `label · (1 - s) + s / 2`
    fileprivate func smoothedBits(_ labels: Value, _ smoothing: Double) throws -> Value {
        smoothing == 0 ? labels : try add(multiply(labels, 1 - smoothing), 0.5 * smoothing)
    }

    fileprivate func binaryEntropy(of labels: Value, probabilities: Value) throws -> Value {
        let p = try clip(probabilities, Self.epsilon, 1 - Self.epsilon)
        let hits = try multiply(labels, unary(.log, p))
        let misses = try multiply(subtract(1, labels), unary(.log, subtract(1, p)))
        return try negate(add(hits, misses))
    }
}

extension Loss {
    /// Cross-entropy of yes-or-no labels (0, 1 or between), averaged over the last axis.
    ///
    /// - Parameters:
    ///   - fromLogits: whether the output is logits; otherwise it is probabilities.
    ///   - labelSmoothing: by which share labels are moved towards ½, 0...1.
    public static func binaryCrossentropy(
        fromLogits: Bool = false, labelSmoothing: Double = 0,
        reduction: LossReduction = .sumOverBatchSize
    ) -> Loss {
        Loss(
            BinaryCrossentropy(fromLogits: fromLogits, labelSmoothing: labelSmoothing),
            reduction: reduction)
    }

    /// Binary cross-entropy that counts well-predicted elements less: `(1 - q)^γ` times it.
    ///
    /// - Parameter appliesClassBalancing: weighs label 1 by `alpha` and label 0 by `1 - alpha`.
    public static func binaryFocalCrossentropy(
        appliesClassBalancing: Bool = false, alpha: Double = 0.25, gamma: Double = 2,
        fromLogits: Bool = false, labelSmoothing: Double = 0,
        reduction: LossReduction = .sumOverBatchSize
    ) -> Loss {
        Loss(
            BinaryFocalCrossentropy(
                appliesClassBalancing: appliesClassBalancing, alpha: alpha, gamma: gamma,
                fromLogits: fromLogits, labelSmoothing: labelSmoothing),
            reduction: reduction)
    }
}
