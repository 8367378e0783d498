/// Examples to learn from or to judge by: a whole set in memory, or one batch of a dataset.
public struct Examples: Sendable, Hashable {
    /// An array for one of the model's inputs.
    public struct Input: Sendable, Hashable {
        /// The input's name; nil where position says which it is.
        public var name: String?
        public var values: DataArray

        public init(_ name: String? = nil, _ values: DataArray) {
            self.name = name
            self.values = values
        }
    }

    public var inputs: [Input]
    public var labels: DataArray?
    /// A factor on the loss of each example, `[examples]`, or of each of its steps.
    public var sampleWeight: DataArray?

    public init(inputs: [Input], labels: DataArray? = nil, sampleWeight: DataArray? = nil) {
        self.inputs = inputs
        self.labels = labels
        self.sampleWeight = sampleWeight
    }

    /// Examples of a model with one input.
    public init(x: DataArray, y: DataArray? = nil, sampleWeight: [Float]? = nil) {
        self.init(
            inputs: [Input(nil, x)], labels: y, sampleWeight: sampleWeight.map { DataArray($0) })
    }

    /// The number of examples, by the first input.
    public var count: Int { inputs.first?.values.rowCount ?? 0 }

    func rows(_ range: Range<Int>) -> Examples {
        Examples(
            inputs: inputs.map { Input($0.name, $0.values.rows(range)) },
            labels: labels?.rows(range), sampleWeight: sampleWeight?.rows(range))
    }

    func rows(_ order: ArraySlice<Int>) -> Examples {
        Examples(
            inputs: inputs.map { Input($0.name, $0.values.rows(order)) },
            labels: labels?.rows(order), sampleWeight: sampleWeight?.rows(order))
    }
}

/// One example of a dataset that models learn from directly: batches of it, `Dataset<[Element]>`,
/// may be given to `fit`.
public protocol TrainingExample: Sendable {
    /// A batch of these.
    static func examples(_ batch: [Self]) throws -> Examples
}
