/// The operations on tensors, as data: a declared tensor remembers the one that makes it, and
/// every trace emits it anew.
enum TensorOperation: Hashable, Sendable, Codable {
    case unary(Unary.Kind)
    case binary(Binary.Kind)
    case binaryWithScalar(Binary.Kind, Double, scalarIsLeft: Bool)
    case compare(Compare.Direction)
    case compareWithScalar(Compare.Direction, Double)
    case select
    case activation(ActivationFunction)
    case softmax(axis: Int)
    case convert(DType)
    case reshape([ReshapeExtent])
    case broadcastLike
    case transpose([Int])
    case slice(axis: Int, lower: Int, upper: Int?)
    case concatenate(axis: Int)
    case reduce(Reduction, axes: [Int]?, keepsAxes: Bool)
    case argMax(axis: Int)
    case matmul
    case einsum(String)
    case gather
    case attachMask
    case detachMask

    enum ReshapeExtent: Hashable, Sendable, Codable {
        case fixed(Int)
        /// What is left over; at most one.
        case inferred
        /// The extent of an axis of the operand.
        case same(axis: Int)
    }

    /// As the summary names the operation.
    var className: String {
        switch self {
        case .unary(let kind): Self.capitalized(kind.rawValue)
        case .binary(let kind), .binaryWithScalar(let kind, _, _): Self.capitalized(kind.rawValue)
        case .compare, .compareWithScalar: "Compare"
        case .select: "Where"
        case .activation(let function): Self.capitalized(function.name)
        case .softmax: "Softmax"
        case .convert: "Cast"
        case .reshape: "Reshape"
        case .broadcastLike: "BroadcastTo"
        case .transpose: "Transpose"
        case .slice: "GetItem"
        case .concatenate: "Concatenate"
        case .reduce(let reduction, _, _): Self.capitalized(reduction.rawValue)
        case .argMax: "Argmax"
        case .matmul: "Matmul"
        case .einsum: "Einsum"
        case .gather: "Take"
        case .attachMask: "AttachMask"
        case .detachMask: "DetachMask"
        }
    }

    private static func capitalized(_ name: String) -> String {
        name.split(separator: "_").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }
}

/// What a reduction makes of the elements along its axes.
public enum Reduction: String, Hashable, Sendable, CaseIterable, Codable {
    case sum, mean, product, max, min
    /// Of bool tensors: whether all, or any, are true.
    case all, any
}

extension Tensor {
    /// Applies an operation: now in a trace, or as a node of a declaration.
    static func apply(_ operation: TensorOperation, _ operands: [Tensor]) throws -> Tensor {
        switch try Origin(of: operands, for: LayerNames.snakeCase(operation.className)) {
        case .traced(let tracer): return try operation.emit(operands, in: tracer)
        case .declared:
            let scratch = Tracer.scratch()
            let result = try operation.emit(
                operands.map { try scratch.placeholder($0) }, in: scratch)
            return Application(.operation(operation), inputs: operands, outputs: [result])
                .results[0]
        }
    }

    /// `axis` counted from the front; negative ones count from the end.
    func resolve(axis: Int, for what: String) throws -> Int {
        guard (-rank..<rank).contains(axis) else {
            throw LayerError(
                path: originPath, "\(what): axis \(axis) is outside the \(rank) axes of \(self)")
        }
        return axis < 0 ? axis + rank : axis
    }

    /// The layer path where a trace is writing, for messages.
    var originPath: String {
        if case .traced(let tracer, _) = source { tracer.path } else { "" }
    }
}
