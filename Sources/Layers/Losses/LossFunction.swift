import MartletIR

/// A loss per element, before weights and reduction: a formula written as IR.
///
/// Own losses conform to this and are used as `Loss(MyFunction())`.
public protocol LossFunction: Sendable {
    /// The name in messages and layer paths: `mean_squared_error`.
    var name: String { get }
    var labelKind: LabelKind { get }
    /// The label of elements that do not count, which may lie outside the classes; nil for none.
    var ignoredClass: Int? { get }

    /// The losses of labels and an output, and which of them count.
    ///
    /// - Parameters:
    ///   - labels: as `labelKind` says: class indices of the output's shape without its last axis,
    ///     or numbers of the output's type.
    ///   - output: what the model predicts, `[batch, …, classes]`.
    func elements(labels: Value, output: Value, in builder: GraphBuilder) throws -> LossElements

    /// What is doubtful in this use of the loss; it is computed all the same.
    func diagnostics(output: Value, in builder: GraphBuilder) -> [Diagnostic]
}

extension LossFunction {
    public var ignoredClass: Int? { nil }
    public func diagnostics(output: Value, in builder: GraphBuilder) -> [Diagnostic] { [] }
}

/// Losses before reduction.
public struct LossElements: Hashable, Sendable {
    public var values: Value
    /// Which values count, of the same shape (bool); nil where all do.
    public var mask: Value?

    public init(_ values: Value, mask: Value? = nil) {
        self.values = values
        self.mask = mask
    }
}

/// What labels a loss or metric compares an output with.
public enum LabelKind: Hashable, Sendable {
    /// Integers `[batch, …]` that number the classes along the output's last axis.
    case classIndices
    /// Numbers of the output's shape.
    case likeOutput

    /// The type labels have for an output of a type: `i32[batch]` for `f32[batch, 4]`.
    public func type(for output: TensorType) -> TensorType {
        switch self {
        case .classIndices:
            TensorType(.i32, Shape(Array(output.shape.dimensions.dropLast())))
        case .likeOutput: output
        }
    }

    /// Labels as the formulas expect them: a missing or additional last axis of extent 1 is
    /// mended, and numbers are converted to the output's element type.
    ///
    /// - Throws: `GraphError` that names the labels expected and received.
    func standardize(
        _ labels: Value, output: Value, for name: String, in b: GraphBuilder
    ) throws -> Value {
        let (given, target) = (b.type(of: labels), b.type(of: output))
        let expected = type(for: target)
        switch self {
        case .classIndices:
            guard target.rank >= 1 else {
                throw mismatch(name, given, target, "an output with a class axis")
            }
            guard given.dtype.isInteger else {
                throw mismatch(
                    name, given, target,
                    "labels \(expected.shape) of integers (for labels \(target.shape) of class "
                        + "probabilities, use the categorical loss or metric)")
            }
            if given.shape == expected.shape { return labels }
            guard given.rank == expected.rank + 1, given.shape == expected.shape.appending(1) else {
                throw mismatch(name, given, target, "labels \(expected.shape) of integers")
            }
            return try b.reshape(labels, expected.shape)
        case .likeOutput:
            let numbers = try b.convert(labels, to: target.dtype)
            if given.shape == target.shape { return numbers }
            guard given.rank != target.rank, let count = target.shape.dimensions.last,
                count == 1 || given.shape == target.shape.appending(1),
                given.shape.elementCount == target.shape.elementCount,
                abs(given.rank - target.rank) == 1
            else {
                throw mismatch(name, given, target, "labels \(target.shape) of numbers")
            }
            return try b.reshape(numbers, target.shape)
        }
    }

    private func mismatch(
        _ name: String, _ given: TensorType, _ target: TensorType, _ expected: String
    ) -> GraphError {
        GraphError(
            op: name, message: "expected \(expected), received \(given), for the output \(target)")
    }
}

extension Shape {
    func appending(_ dimension: Dimension) -> Shape { Shape(dimensions + [dimension]) }
}
