import Martlet

extension LayerRegistry {
    /// Every layer of the library and of these graphs.
    public static let graphs = withText.registering(TokenAndPositionEmbedding.self)
        .registering(TransformerBlock.self)
}
