/// Evaluates a graph by the naive kernels, one node after another.
///
/// The oracle of every other backend: primitives run their reference kernel, composites run their
/// decomposition. Slow on purpose.
public struct ReferenceInterpreter {
    public enum Precision: Sendable {
        /// Every result is rounded to its declared element type.
        case declared
        /// No rounding: what the graph would give in Float64.
        case float64
    }

    public var precision: Precision
    public var extents: SymbolExtents

    public init(precision: Precision = .declared, extents: SymbolExtents = SymbolExtents()) {
        self.precision = precision
        self.extents = extents
    }

    /// The outputs by name, for inputs by name.
    ///
    /// - Throws: `GraphError` for a missing or ill-shaped input, or an index outside its table.
    public func run(
        _ graph: Graph, _ inputs: [String: ReferenceTensor]
    ) throws -> [String: ReferenceTensor] {
        var interpreter = self
        interpreter.extents = counting(graph, inputs)
        let values = try interpreter.evaluate(graph.nodes, inputs)
        var outputs: [String: ReferenceTensor] = [:]
        for output in graph.outputs {
            outputs[output.name] = values[output.value.node][output.value.result]
        }
        return outputs
    }

    private func evaluate(
        _ nodes: [Node], _ inputs: [String: ReferenceTensor]
    ) throws -> [[ReferenceTensor]] {
        var values: [[ReferenceTensor]] = []
        values.reserveCapacity(nodes.count)
        for (index, node) in nodes.enumerated() {
            let operands = node.operands.map { values[$0.node][$0.result] }
            do {
                values.append(try evaluate(node, operands, inputs))
            } catch let error as IndexOutOfRange {
                throw GraphError(
                    path: node.path, op: node.op.name, message: error.description, node: index)
            } catch let error as PackedCountMismatch {
                throw GraphError(
                    path: node.path, op: node.op.name, message: error.description, node: index)
            }
        }
        return values
    }

    private func evaluate(
        _ node: Node, _ operands: [ReferenceTensor], _ inputs: [String: ReferenceTensor]
    ) throws -> [ReferenceTensor] {
        if case .input(let input) = node.op { return [try value(of: input, inputs, node)] }
        if let primitive = node.op.operation as? any PrimitiveOperation {
            return try primitive.evaluate(operands, resultTypes: node.types, extents: extents)
                .map { precision == .declared ? $0.rounded() : $0 }
        }
        guard let composite = node.op.composite else {
            throw GraphError(
                path: node.path, op: node.op.name, message: "has neither kernel nor decomposition")
        }
        return try evaluate(composite, node, operands)
    }

    /// Evaluates a composite's decomposition, built at the actual extents.
    private func evaluate(
        _ composite: any CompositeOperation, _ node: Node, _ operands: [ReferenceTensor]
    ) throws -> [ReferenceTensor] {
        let builder = GraphBuilder(name: node.op.name)
        var values: [Value] = []
        var inputs: [String: ReferenceTensor] = [:]
        for (index, operand) in operands.enumerated() {
            let type = TensorType(operand.dtype, Shape(operand.shape))
            let input = Input("\(index)", role: .data, type: type)
            values.append(try builder.append(.input(input)))
            inputs[input.inputName] = operand
        }
        let results = try composite.decompose(values, in: builder)
        let evaluated = try evaluate(builder.nodes, inputs)
        return results.map { evaluated[$0.node][$0.result] }
    }

    private func value(
        of input: Input, _ inputs: [String: ReferenceTensor], _ node: Node
    ) throws -> ReferenceTensor {
        func failure(_ message: String) -> GraphError {
            GraphError(
                path: node.path, op: "input", message: "\"\(input.inputName)\" \(message)")
        }
        guard let value = inputs[input.inputName] else { throw failure("was given no value") }
        let shape = extents.shape(input.type.shape)
        guard value.shape == shape, value.dtype == input.type.dtype else {
            throw failure(
                "expects \(TensorType(input.type.dtype, Shape(shape))), "
                    + "received \(TensorType(value.dtype, Shape(value.shape)))")
        }
        return precision == .declared ? value.rounded() : value
    }
}
