import MartletIR

/// `-log softmax(logits)[label]` per row, for labels that number the classes.
///
/// From probabilities p, the logits are `log(clip(p, 1e-7, 1 - 1e-7))`, which renormalizes them;
/// but where the output is a softmax, its own logits are used, as in Keras.
struct SparseCategoricalCrossentropy: LossFunction {
    var fromLogits = false
    /// The label of rows that do not count.
    var ignoreClass: Int?

    var name: String { "sparse_categorical_crossentropy" }
    var labelKind: LabelKind { .classIndices }
    var ignoredClass: Int? { ignoreClass }

    func elements(labels: Value, output: Value, in b: GraphBuilder) throws -> LossElements {
        let logits = try b.categoricalLogits(output, fromLogits: fromLogits)
        guard let ignoreClass else {
            return LossElements(try entropy(logits, labels, b))
        }
        let type = b.type(of: labels)
        let valid = try b.compare(.ne, labels, b.splat(Double(ignoreClass), type))
        // An ignored label may lie outside the classes; class 0 stands for it.
        let known = try b.select(valid, labels, b.splat(0, type))
        let losses = try entropy(logits, known, b)
        let zero = try b.splat(0, b.type(of: losses))
        return LossElements(try b.select(valid, losses, zero), mask: valid)
    }

    private func entropy(_ logits: Value, _ labels: Value, _ b: GraphBuilder) throws -> Value {
        try b.append(.softmaxCrossEntropy(SoftmaxCrossEntropy()), [logits, labels])[0]
    }

    func diagnostics(output: Value, in builder: GraphBuilder) -> [Diagnostic] {
        builder.probabilityDiagnostics(
            output, fromLogits: fromLogits, loss: name, activation: "softmax")
            + builder.logitDiagnostics(
                output, isActivated: builder.logits(ofSoftmax: output) != nil,
                fromLogits: fromLogits, loss: name, activation: "softmax")
    }
}

extension Loss {
    /// Cross-entropy of class numbers `[batch, …]` under an output `[batch, …, classes]`.
    ///
    /// - Parameters:
    ///   - fromLogits: whether the output is logits; otherwise it is probabilities.
    ///   - ignoreClass: the label of elements that do not count, such as -1 or -100.
    public static func sparseCategoricalCrossentropy(
        fromLogits: Bool = false, ignoreClass: Int? = nil,
        reduction: LossReduction = .sumOverBatchSize
    ) -> Loss {
        Loss(
            SparseCategoricalCrossentropy(fromLogits: fromLogits, ignoreClass: ignoreClass),
            reduction: reduction)
    }
}

extension GraphBuilder {
    /// The logits of an output, as Keras finds them for a sparse cross-entropy.
    func categoricalLogits(_ output: Value, fromLogits: Bool) throws -> Value {
        if let logits = logits(ofSoftmax: output) { return logits }
        if fromLogits { return output }
        return try unary(.log, clip(output, Self.epsilon, 1 - Self.epsilon))
    }
}
