import MartletIR

/// The share of rows predicted right.
struct Accuracy: MeanMetricFunction {
    enum Kind: Hashable, Sendable {
        /// Binary, sparse or categorical by the shapes of labels and output, as Keras's
        /// `"accuracy"`.
        case automatic
        /// Labels 0 and 1 against outputs above the threshold.
        case binary(threshold: Double)
        /// Class numbers against the largest output; the first of equals.
        case sparseCategorical
        /// The largest label against the largest output.
        case categorical
        /// Labels equal to outputs.
        case exact
    }

    var kind: Kind

    var name: String {
        switch kind {
        case .automatic, .exact: "accuracy"
        case .binary: "binary_accuracy"
        case .sparseCategorical: "sparse_categorical_accuracy"
        case .categorical: "categorical_accuracy"
        }
    }

    /// What `automatic` stands for.
    private func resolved(labels: TensorType, output: TensorType) -> Kind {
        guard kind == .automatic else { return kind }
        let lastLabel = labels.shape.dimensions.last
        if output.shape.dimensions.last == 1 { return .binary(threshold: 0.5) }
        if labels.rank < output.rank || lastLabel == 1 { return .sparseCategorical }
        return .categorical
    }

    func labelKind(labels: TensorType, output: TensorType) -> LabelKind {
        resolved(labels: labels, output: output) == .sparseCategorical
            ? .classIndices : .likeOutput
    }

    func values(_ operands: MetricOperands, in b: GraphBuilder) throws -> LossElements {
        let (labels, output) = (operands.labels, operands.output)
        let type = b.type(of: output)
        let hits: Value
        switch resolved(labels: b.type(of: labels), output: type) {
        case .binary(let threshold):
            let positive = try b.compare(.gt, output, b.splat(threshold, type))
            hits = try b.compare(.eq, labels, b.convert(positive, to: type.dtype))
        case .exact: hits = try b.compare(.eq, labels, output)
        case .sparseCategorical:
            let best = try b.append(.argMax(ArgMax(axis: type.rank - 1)), output)
            hits = try b.compare(.eq, labels, b.convert(best, to: b.type(of: labels).dtype))
        case .categorical, .automatic:
            let axis = type.rank - 1
            hits = try b.compare(
                .eq, b.append(.argMax(ArgMax(axis: axis)), labels),
                b.append(.argMax(ArgMax(axis: axis)), output))
        }
        return LossElements(try b.convert(hits, to: type.dtype))
    }
}

extension Metric {
    /// The share of rows predicted right: of yes-or-no labels where the output has one column, of
    /// class numbers where labels have one axis less, of one-hot labels otherwise.
    public static let accuracy = Metric(Accuracy(kind: .automatic))
    /// Class numbers `[batch, …]` against the largest of the outputs `[batch, …, classes]`.
    public static let sparseCategoricalAccuracy = Metric(Accuracy(kind: .sparseCategorical))
    /// One-hot or soft labels against outputs, by their largest elements.
    public static let categoricalAccuracy = Metric(Accuracy(kind: .categorical))
    /// Labels 0 and 1 against outputs above one half.
    public static let binaryAccuracy = binaryAccuracy(threshold: 0.5)
    /// Labels equal to outputs, element by element (Keras's class `Accuracy`).
    public static let exactAccuracy = Metric(Accuracy(kind: .exact))

    /// Labels 0 and 1 against outputs above a threshold.
    public static func binaryAccuracy(threshold: Double) -> Metric {
        Metric(Accuracy(kind: .binary(threshold: threshold)))
    }
}
