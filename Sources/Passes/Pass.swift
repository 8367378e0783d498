import MartletIR

/// A pure step of the compiler: a graph in, another graph out.
public protocol Pass: Sendable {
    /// By which the pass is switched off or its result inspected: `fuse-attention`.
    var name: String { get }

    /// - Throws: `GraphError` where the graph cannot be carried over.
    func run(_ graph: Graph) throws -> Graph
}
