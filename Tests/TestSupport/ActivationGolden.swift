/// An activation function over a grid, or over rows, with the gradient of Σ y · cotangent.
package struct ActivationGolden: Decodable, Sendable {
    package let name: String
    /// Keras's function name.
    package let activation: String
    /// Keras's arguments; what is absent has Keras's default.
    package let config: JSONValue
    package let x: GoldenTensor
    package let y: GoldenTensor
    package let cotangent: GoldenTensor
    package let gradient: GoldenTensor
}
