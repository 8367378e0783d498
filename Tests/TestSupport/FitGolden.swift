/// One `fit` of Dense(3, softmax) on sparse labels: SGD of rate 0.3, metric `accuracy`, rows in
/// order.
package struct FitGolden: Decodable, Sendable {
    package let name: String
    /// Keras's arguments of `fit`, without the data.
    package let fit: JSONValue
    /// Keras's arguments of `compile` beyond those above.
    package let compile: JSONValue
    /// Class → weight, the class as text.
    package let classWeight: [String: Double]?
    package let sampleWeight: GoldenTensor?
    package let validationSampleWeight: GoldenTensor?
    /// Whether `accuracy` is a weighted metric too; it is called `weighted_accuracy` then.
    package let weightedMetrics: Bool
    /// Keras's arguments of EarlyStopping.
    package let earlyStopping: JSONValue?
    /// The learning rate of each epoch, from epoch 0; the last one stays.
    package let learningRates: [Double]?
    package let x: GoldenTensor
    package let y: GoldenTensor
    package let validationX: GoldenTensor?
    package let validationY: GoldenTensor?
    /// Kernel and bias.
    package let initialWeights: [GoldenTensor]
    /// The epochs that ran, from 0.
    package let epochs: [Int]
    package let history: [String: [Float]]
    /// The keys of the history in their order.
    package let historyKeys: [String]
    /// The logs at the end of each batch (running means), and its number under `batch`.
    package let batches: [[String: Float]]
    package let ranOutOfData: Bool
    /// EarlyStopping's; 0 when it did not stop.
    package let stoppedEpoch: Int?
    package let bestEpoch: Int?
    package let finalWeights: [GoldenTensor]
}
