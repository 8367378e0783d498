import MartletIR

/// The compiler's passes in order.
public struct PassPipeline: Sendable {
    public var passes: [any Pass]
    /// Names of passes to leave out.
    public var disabled: Set<String>
    /// Verifies the graph after every pass.
    public var verifies: Bool

    public init(_ passes: [any Pass], disabled: Set<String> = [], verifies: Bool = false) {
        self.passes = passes
        self.disabled = disabled
        self.verifies = verifies
    }

    /// The passes for prediction and evaluation.
    public static func inference(
        disabled: Set<String> = [], verifies: Bool = false
    ) -> PassPipeline {
        PassPipeline(
            simplification + fusion + simplification, disabled: disabled, verifies: verifies)
    }

    /// The passes for one training step: the loss is an output, and `optimizer` turns gradients
    /// into updates of the parameters.
    public static func training(
        loss: String = "loss", optimizer: any Pass, disabled: Set<String> = [],
        verifies: Bool = false
    ) -> PassPipeline {
        let gradient: [any Pass] = [Differentiate(loss: loss), optimizer]
        return PassPipeline(
            simplification + fusion + gradient + simplification, disabled: disabled,
            verifies: verifies)
    }

    private static let simplification: [any Pass] = [
        SimplifyAlgebra(),
        FoldConstants(),
        ShareCommonSubexpressions(),
        EliminateDeadCode(),
    ]

    private static let fusion: [any Pass] = [
        FuseDropout(),
        FuseSoftmax(),
        FuseSoftmaxCrossEntropy(),
        FuseGelu(),
        FuseLayerNorm(),
        EliminateDeadCode(),  // lest dead readers keep logits and sums from being fused
        FuseAttention(),
        FuseBiasActivation(),
        FuseResidualLayerNorm(),
        SimplifyAlgebra(),  // cancels the transposes around attention
        EliminateDeadCode(),
    ]

    /// Runs the passes one after another.
    ///
    /// - Parameter observe: called after each pass with its name and the graph it made.
    /// - Throws: what a pass throws, or the verifier's `GraphError` naming the pass.
    public func run(
        _ graph: Graph, observe: (_ pass: String, _ graph: Graph) -> Void = { _, _ in }
    ) throws -> Graph {
        var graph = graph
        for pass in passes where !disabled.contains(pass.name) {
            graph = try pass.run(graph)
            if verifies {
                do {
                    try Verifier.verify(graph)
                } catch var error as GraphError {
                    error.message = "after pass \(pass.name): " + error.message
                    throw error
                }
            }
            observe(pass.name, graph)
        }
        return graph
    }
}
