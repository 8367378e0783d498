import MartletIR
import TestSupport

/// A graph over the tensors of a golden case, run by the reference interpreter.
struct GoldenGraph {
    let builder = GraphBuilder()
    private var inputs: [String: ReferenceTensor] = [:]

    /// Declares a tensor as an input and returns its value.
    mutating func input(
        _ name: String, _ tensor: GoldenTensor, role: Input.Role = .data
    ) throws -> Value {
        let reference = ReferenceTensor(golden: tensor)
        inputs[name] = reference
        let type = TensorType(reference.dtype, Shape(tensor.shape))
        return try builder.append(.input(Input(name, role: role, type: type)))
    }

    mutating func optionalInput(_ name: String, _ tensor: GoldenTensor?) throws -> Value? {
        try tensor.map { try input(name, $0) }
    }

    func run(_ transform: (Graph) throws -> Graph = { $0 }) throws -> [String: ReferenceTensor] {
        let graph = try transform(builder.build())
        try Verifier.verify(graph)
        return try ReferenceInterpreter().run(graph, inputs)
    }
}

extension ReferenceTensor {
    init(golden: GoldenTensor) {
        let dtype: DType =
            switch golden.dtype {
            case .float32: .f32
            case .float64: .f64
            case .int32: .i32
            case .int64: .i64
            case .bool: .bool
            }
        self.init(dtype, shape: golden.shape, elements: golden.values)
    }
}
