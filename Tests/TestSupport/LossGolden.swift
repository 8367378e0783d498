/// One call of a loss, with the gradient of Σ value · cotangent for the predictions.
package struct LossGolden: Decodable, Sendable {
    package let name: String
    /// Keras's class name.
    package let loss: String
    /// Keras's constructor arguments; what is absent has Keras's default.
    package let config: JSONValue
    /// `softmax` or `sigmoid` when the loss is given this activation of `yPred`.
    package let activation: String?
    package let yTrue: GoldenTensor
    package let yPred: GoldenTensor
    /// The mask attached to the predictions.
    package let mask: GoldenTensor?
    package let sampleWeight: GoldenTensor?
    /// A scalar, or one value per element for the reduction `none`.
    package let value: GoldenTensor
    package let cotangent: GoldenTensor
    package let gradient: GoldenTensor
}
