import MartletIR

/// What training makes small: a formula per element, and how the elements become one number.
///
/// Values, reductions, masks and weights are those of Keras 3. Made by static functions:
///
/// ```swift
/// model.compile(optimizer: .adam(), loss: .sparseCategoricalCrossentropy())
/// ```
public struct Loss: Sendable {
    public var function: any LossFunction
    public var reduction: LossReduction

    /// A loss of one's own formula.
    public init(_ function: any LossFunction, reduction: LossReduction = .sumOverBatchSize) {
        self.function = function
        self.reduction = reduction
    }

    /// The name in Keras's spelling: `sparse_categorical_crossentropy`.
    public var name: String { function.name }

    /// The type of the labels that belong to an output: `i32[batch]` for `f32[batch, 4]` where
    /// labels are class numbers, the output's own type where they are numbers.
    public func labelType(for output: TensorType) -> TensorType {
        function.labelKind.type(for: output)
    }

    /// Appends the loss of an output.
    ///
    /// - Parameters:
    ///   - labels: of `labelType(for:)`, or with one last axis of extent 1 more or less.
    ///   - mask: which elements of the output count: bool `[batch, …]`.
    ///   - sampleWeight: a factor for each loss: float `[batch]`, or one for each step.
    /// - Throws: `GraphError` where labels, mask or weights do not fit, saying what would.
    public func emit(
        labels: Value, output: Value, mask: Value? = nil, sampleWeight: Value? = nil,
        in builder: GraphBuilder
    ) throws -> EmittedLoss {
        try builder.scope(name) {
            let labels = try function.labelKind.standardize(
                labels, output: output, for: name, in: builder)
            let elements = try function.elements(labels: labels, output: output, in: builder)
            var masks = [mask, elements.mask].compactMap { $0 }
            if masks.count == 2 {
                masks = [try builder.binary(.and, masks[0], masks[1])]
            }
            let value = try reduction.reduce(
                elements.values, mask: masks.first, sampleWeight: sampleWeight, for: name,
                in: builder)
            return EmittedLoss(
                value: value, diagnostics: function.diagnostics(output: output, in: builder))
        }
    }
}

/// A loss as part of a graph.
public struct EmittedLoss: Hashable, Sendable {
    /// A scalar, or one value for each element under the reduction `none`.
    public var value: Value
    /// What is doubtful in how loss and output are combined.
    public var diagnostics: [Diagnostic]
}
