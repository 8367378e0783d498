import MartletLayers

extension LayerRegistry {
    /// The standard layers and those of strings.
    public static let withText = standard.registering(TextVectorization.self)
}
