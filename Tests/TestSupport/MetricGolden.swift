/// A metric over several updates.
package struct MetricGolden: Decodable, Sendable {
    package struct Update: Decodable, Sendable {
        /// Absent for Mean and Sum, which take `values`.
        package let yTrue: GoldenTensor?
        package let yPred: GoldenTensor?
        package let values: GoldenTensor?
        package let sampleWeight: GoldenTensor?
        /// The mask attached to the predictions.
        package let mask: GoldenTensor?
        /// The metric after this update.
        package let result: GoldenTensor
    }

    package let name: String
    /// Keras's class name.
    package let metric: String
    /// Keras's constructor arguments; what is absent has Keras's default.
    package let config: JSONValue
    package let updates: [Update]
    /// The metric after a reset.
    package let emptyResult: GoldenTensor
}
