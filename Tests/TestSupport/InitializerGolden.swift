/// What a sample of an initializer measures.
package struct InitializerGolden: Decodable, Sendable {
    package struct Layer: Decodable, Sendable {
        /// Keras's class name.
        package let layer: String
        package let config: JSONValue
        /// Keras's variable path below the layer.
        package let weight: String
    }

    package let name: String
    /// Keras's class name.
    package let initializer: String
    /// Keras's constructor arguments; what is absent has Keras's default.
    package let config: JSONValue
    /// The layer whose weight the sample is.
    package let layer: Layer?
    package let shape: [Int]
    package let fanIn: Int
    package let fanOut: Int
    /// The standard deviation by definition; absent for what is not random or not elementwise.
    package let expectedStandardDeviation: Double?
    /// The largest absolute value by definition.
    package let bound: Double?
    package let mean: Double
    package let standardDeviation: Double
    package let minimum: Double
    package let maximum: Double
}
