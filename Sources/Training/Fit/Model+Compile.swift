import MartletLayers

extension Model {
    /// Says how the model is trained and judged. Weights stay as they are; the optimizer begins
    /// anew. What runs but is most likely a mistake is in `diagnostics` afterwards.
    ///
    /// - Parameters:
    ///   - metrics: reported beside the loss, without sample weights.
    ///   - weightedMetrics: reported with sample weights applied.
    /// - Throws: `TrainingError`, `OptimizerError`, `LayerError` or `GraphError` where the loss
    ///   does not fit the model's output or an argument makes no sense; `StrictError` for anything
    ///   doubtful under `TrainingOptions.isStrict`.
    public func compile(
        optimizer: Optimizer, loss: Loss, metrics: [Metric] = [], weightedMetrics: [Metric] = [],
        options: TrainingOptions = TrainingOptions()
    ) throws {
        let compilation = Compilation(
            optimizer: optimizer, loss: loss, metrics: metrics, weightedMetrics: weightedMetrics)
        try ModelRuntime.of(self).compile(self, compilation, options)
    }

    /// What the last `compile` found doubtful: runs all the same, unless
    /// `TrainingOptions.isStrict`.
    public var diagnostics: [Diagnostic] { ModelRuntime.of(self).compileDiagnostics }

    /// A copy of all weights by name, `dense/kernel`; made from the seed if they do not exist yet.
    public func weights() throws -> [String: [Float]] {
        try ModelRuntime.of(self).weights(of: self)
    }

    /// Sets some weights by name, row-major.
    ///
    /// - Throws: `TrainingError` for an unknown name or another number of elements; nothing is
    ///   changed then.
    public func setWeights(_ weights: [String: [Float]]) throws {
        try ModelRuntime.of(self).setWeights(weights, of: self)
    }
}
