/// The lesson's classifier in small, without dropout: thirty steps of Adam, rows in order.
package struct LessonGolden: Decodable, Sendable {
    package struct Sizes: Decodable, Sendable {
        package let vocabularySize: Int
        package let length: Int
        package let size: Int
        package let heads: Int
        package let innerSize: Int
        package let hiddenUnits: Int
        package let classes: Int
    }

    package struct Weight: Decodable, Sendable {
        /// `transformer_block/attention/query/kernel`.
        package let name: String
        package let tensor: GoldenTensor
    }

    package let name: String
    package let sizes: Sizes
    /// Rows per step; the steps go round the rows in order.
    package let batchSize: Int
    package let learningRate: Double
    package let ids: GoldenTensor
    package let labels: GoldenTensor
    package let initialWeights: [Weight]
    package let initialPredictions: GoldenTensor
    /// The loss of each step, before its update.
    package let losses: [Float]
    package let finalWeights: [Weight]
    package let predictions: GoldenTensor
}
