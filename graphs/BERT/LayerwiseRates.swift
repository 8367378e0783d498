import Martlet

extension BERT {
    /// Factors on the learning rate that fall by `decay` with each block further from the head
    /// (Howard and Ruder, 2018, arXiv 1801.06146; Clark et al., 2020, arXiv 2003.10555): the last
    /// block learns at `decay` times the rate of the head and the pooler, the embeddings the most
    /// slowly. For `Optimizer.learningRateMultipliers`.
    ///
    /// - Parameter encoder: the name of the encoder in the model.
    public static func layerwiseRates(
        layers: Int, decay: Double, encoder: String = "bert"
    ) -> [String: Double] {
        var rates: [String: Double] = [:]
        var rate = 1.0
        for layer in (0..<layers).reversed() {
            rate *= decay
            rates["\(encoder)/layer_\(layer)"] = rate
        }
        rates["\(encoder)/embeddings"] = rate * decay
        return rates
    }
}
