import MartletIR

/// Computes equal nodes (same op, attributes and operands) once.
///
/// Every op is a pure function of its operands — random bits too, by seed, step and stream — so
/// equal nodes are equal values.
public struct ShareCommonSubexpressions: Pass {
    public init() {}

    public var name: String { "share-common-subexpressions" }

    private struct Key: Hashable {
        var op: Op
        var operands: [Value]
    }

    public func run(_ graph: Graph) throws -> Graph {
        var known: [Key: [Value]] = [:]
        return try GraphRewriter.rewrite(graph) { node, rewriter in
            let key = Key(op: node.op, operands: node.operands)
            if let values = known[key] { return values }
            let values = rewriter.builder.copy(node, operands: node.operands)
            known[key] = values
            return values
        }
    }
}
