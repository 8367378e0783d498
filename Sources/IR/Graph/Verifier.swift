/// Recomputes what a graph claims of itself.
///
/// The pipeline runs it after every pass in tests and on request.
public enum Verifier {
    /// - Throws: `GraphError` naming the first node that refers forward, refers to a result that
    ///   does not exist, or whose stored types differ from what its op infers.
    public static func verify(_ graph: Graph) throws {
        for (index, node) in graph.nodes.enumerated() {
            func failure(_ message: String) -> GraphError {
                GraphError(path: node.path, op: node.op.name, message: message, node: index)
            }
            for operand in node.operands {
                guard operand.node < index, operand.node >= 0 else {
                    throw failure("operand %\(operand.node) does not come before its use")
                }
                guard graph.nodes[operand.node].types.indices.contains(operand.result) else {
                    throw failure("%\(operand.node) has no result \(operand.result)")
                }
            }
            let operandTypes = node.operands.map { graph.type(of: $0) }
            let inferred: [TensorType]
            do {
                inferred = try node.op.checkedResultTypes(operandTypes)
            } catch let mismatch as TypeMismatch {
                throw failure(mismatch.message)
            }
            guard inferred == node.types else {
                throw failure("stored types \(node.types) differ from the inferred \(inferred)")
            }
        }
        try verifyInterface(of: graph)
        try verifySymbols(of: graph)
    }

    /// Names of inputs and outputs are unique, and updates go to inputs of the same type.
    static func verifyInterface(of graph: Graph) throws {
        var inputs: [String: TensorType] = [:]
        for node in graph.nodes {
            guard case .input(let input) = node.op else { continue }
            guard inputs.updateValue(input.type, forKey: input.inputName) == nil else {
                throw GraphError(
                    path: node.path, op: "input",
                    message: "the name \"\(input.inputName)\" is declared twice")
            }
        }
        var (names, updated) = (Set<String>(), Set<String>())
        for output in graph.outputs {
            func failure(_ message: String) -> GraphError {
                GraphError(op: "return", message: "output \"\(output.name)\" \(message)")
            }
            guard graph.nodes.indices.contains(output.value.node),
                graph.nodes[output.value.node].types.indices.contains(output.value.result)
            else { throw failure("refers to a value that does not exist") }
            guard names.insert(output.name).inserted else { throw failure("is declared twice") }
            guard let target = output.updates else { continue }
            guard let type = inputs[target] else {
                throw failure("updates \"\(target)\", which is no input")
            }
            guard updated.insert(target).inserted else {
                throw failure("updates \"\(target)\", which another output updates already")
            }
            guard type == graph.type(of: output.value) else {
                throw failure(
                    "updates \"\(target)\" of type \(type) with \(graph.type(of: output.value))")
            }
        }
    }

    /// One name, one bound.
    static func verifySymbols(of graph: Graph) throws {
        let symbols = graph.symbols
        for (first, second) in zip(symbols, symbols.dropFirst()) where first.name == second.name {
            throw GraphError(
                message: "the symbol \(first.name) has two bounds: \(first.bound), \(second.bound)")
        }
        if let symbol = symbols.first(where: { !TextScanner.isWord($0.name) }) {
            throw GraphError(
                message:
                    "the symbol name \(symbol.name.irQuoted) is no word of letters, digits and _")
        }
        if let symbol = symbols.first(where: { $0.bound < 1 }) {
            throw GraphError(message: "the symbol \(symbol.name) has the bound \(symbol.bound)")
        }
    }
}
