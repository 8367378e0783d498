import MartletIR

/// A number that tells how good a model is, over all batches of an epoch.
///
/// Each batch gives a few sums (`emit`), part of the graph; the host adds them up in double
/// precision and makes the result (`MetricSums`). Values, masks and weights are Keras 3's:
/// metrics ignore sample weights unless they are asked to use them; metrics that average a
/// function of each row use masks, counts of hits and misses do not.
public struct Metric: Sendable {
    /// The key in histories and logs.
    public var name: String
    public var function: any MetricFunction

    /// A metric of one's own formula.
    public init(_ function: any MetricFunction, name: String? = nil) {
        self.function = function
        self.name = name ?? function.name
    }

    /// The same metric under another key.
    public func named(_ name: String) -> Metric { Metric(function, name: name) }

    /// Appends the sums of one batch.
    ///
    /// - Parameters:
    ///   - labels: class numbers `[batch, …]` or numbers like the output.
    ///   - mask: which elements of the output count: bool `[batch, …]`.
    ///   - sampleWeight: nil unless the metric shall be weighted.
    /// - Throws: `GraphError` where labels or weights do not fit, saying what would.
    public func emit(
        labels: Value, output: Value, mask: Value? = nil, sampleWeight: Value? = nil,
        in builder: GraphBuilder
    ) throws -> EmittedMetric {
        try builder.scope(name) {
            let kind = function.labelKind(
                labels: builder.type(of: labels), output: builder.type(of: output))
            let standard = try kind.standardize(labels, output: output, for: name, in: builder)
            let sums = try function.sums(
                MetricOperands(
                    labels: standard, output: output, mask: mask, sampleWeight: sampleWeight,
                    name: name), in: builder)
            let counts = sums.map {
                builder.type(of: $0).shape.fixed?.reduce(1, *) ?? 0
            }
            return EmittedMetric(metric: self, sums: sums, elementCounts: counts)
        }
    }
}

/// What a metric adds up in each batch, and what it makes of the sums.
public protocol MetricFunction: Sendable {
    /// Keras's name: `sparse_categorical_accuracy`.
    var name: String { get }

    func labelKind(labels: TensorType, output: TensorType) -> LabelKind

    /// The sums of one batch: float scalars or vectors of fixed length.
    func sums(_ operands: MetricOperands, in builder: GraphBuilder) throws -> [Value]

    /// The metric, given each sum over all batches: one number, or one for each class or threshold.
    func result(of sums: [[Double]]) -> [Double]
}

public struct MetricOperands {
    /// As the metric's `labelKind` says.
    public var labels: Value
    public var output: Value
    public var mask: Value?
    public var sampleWeight: Value?
    /// For messages.
    public var name: String
}

/// A metric as part of a graph.
public struct EmittedMetric: Sendable {
    public var metric: Metric
    /// Float scalars or vectors, to be made outputs of the graph.
    public var sums: [Value]
    /// The number of elements in each sum.
    public var elementCounts: [Int]

    /// Sums before the first batch.
    public var empty: MetricSums {
        MetricSums(metric: metric, elementCounts: elementCounts)
    }
}

/// The sums of a metric over the batches seen so far.
public struct MetricSums: Sendable {
    public let metric: Metric
    public private(set) var sums: [[Double]]

    public init(metric: Metric, elementCounts: [Int]) {
        self.metric = metric
        sums = elementCounts.map { [Double](repeating: 0, count: $0) }
    }

    /// Adds one element of one sum of a batch.
    public mutating func add(_ value: Double, sum: Int, element: Int = 0) {
        sums[sum][element] += value
    }

    /// Adds the sums of a batch, each in full.
    public mutating func add(_ batch: [[Double]]) {
        for (index, values) in batch.enumerated() {
            for (element, value) in values.enumerated() { sums[index][element] += value }
        }
    }

    /// Forgets all batches.
    public mutating func reset() {
        for index in sums.indices {
            sums[index] = [Double](repeating: 0, count: sums[index].count)
        }
    }

    /// One number for most metrics; one for each class or threshold for some.
    public var result: [Double] { metric.function.result(of: sums) }
}

/// `x / y`, and 0 where y is 0.
func divideNoNaN(_ x: Double, _ y: Double) -> Double { y == 0 ? 0 : x / y }
