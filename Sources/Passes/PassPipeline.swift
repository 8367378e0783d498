import MartletIR

/// The compiler's passes in order.
public struct PassPipeline: Sendable {
    public var passes: [any Pass]
    /// Names of passes to leave out, whether or not they are among these.
    public var disabled: Set<String>
    /// Verifies the graph after every pass.
    public var verifies: Bool

    public init(_ passes: [any Pass], disabled: Set<String> = [], verifies: Bool = false) {
        self.passes = passes
        self.disabled = disabled
        self.verifies = verifies
    }

    /// The passes for prediction and evaluation.
    ///
    /// - Parameter packsPadding: for batches of which a good part is padding.
    public static func inference(
        policy: DTypePolicy = .float32, packsPadding: Bool = false, disabled: Set<String> = [],
        verifies: Bool = false
    ) -> PassPipeline {
        PassPipeline(
            simplification + fusion + packing(packsPadding) + simplification + casts(policy),
            disabled: disabled, verifies: verifies)
    }

    /// The passes for one training step: the loss is an output, and `optimizer` turns gradients
    /// into updates of the parameters.
    ///
    /// - Parameter packsPadding: for batches of which a good part is padding.
    public static func training(
        loss: String = "loss", optimizer: any Pass, policy: DTypePolicy = .float32,
        packsPadding: Bool = false, disabled: Set<String> = [], verifies: Bool = false
    ) -> PassPipeline {
        let gradient: [any Pass] = [Differentiate(loss: loss), optimizer]
        return PassPipeline(
            simplification + fusion + packing(packsPadding) + gradient + simplification
                + casts(policy),
            disabled: disabled, verifies: verifies)
    }

    private static func casts(_ policy: DTypePolicy) -> [any Pass] {
        policy == .float32 ? [] : [CastByDTypePolicy(policy)]
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
        SinkSlices(),
        EliminateDeadCode(),
    ]

    /// After fusion has made attention one op, and when no dead code reads a whole sequence.
    private static func packing(_ isWanted: Bool) -> [any Pass] {
        isWanted ? [PackPadding(), EliminateDeadCode()] : []
    }

    /// Runs the passes one after another.
    ///
    /// - Parameter observe: called after each pass with its name and the graph it made.
    /// - Throws: what a pass throws, the verifier's `GraphError` naming the pass, or a `GraphError`
    ///   for a name in `disabled` that no pass has.
    public func run(
        _ graph: Graph, observe: (_ pass: String, _ graph: Graph) -> Void = { _, _ in }
    ) throws -> Graph {
        try requireKnown(disabled, graph)
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

    /// A misspelt name would switch nothing off, and nobody would know.
    private func requireKnown(_ names: Set<String>, _ graph: Graph) throws {
        // One set of names serves training and prediction, which run different passes.
        var known = passes.map(\.name)
        for pass in Self.simplification + Self.fusion where !known.contains(pass.name) {
            known.append(pass.name)
        }
        let others = [
            "pack-padding", "differentiate", "append-optimizer", "cast-by-dtype-policy",
        ]
        known += others.filter { !known.contains($0) }
        guard let unknown = names.subtracting(known).min() else { return }
        var listed: [String] = []
        for name in known where !listed.contains(name) { listed.append(name) }
        throw GraphError(
            path: graph.name,
            message: "there is no pass \"\(unknown)\" to leave out; the passes are "
                + listed.joined(separator: ", "))
    }
}
