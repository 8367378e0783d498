/// What a layer does to the masks of its inputs.
package struct MaskGolden: Decodable, Sendable {
    package struct Input: Decodable, Sendable {
        package let shape: [Int]
        package let mask: GoldenTensor?
    }

    package let name: String
    /// Keras's class name, or words for what is no Keras layer: `custom layer`, `x + y`.
    package let layer: String
    /// Keras's constructor arguments; for wrappers, the wrapped layer's class and arguments.
    package let config: JSONValue
    package let inputs: [Input]
    package let outputShape: [Int]
    package let outputMask: GoldenTensor?
    /// Whether Keras warns that the layer destroys the mask.
    package let warns: Bool
}
