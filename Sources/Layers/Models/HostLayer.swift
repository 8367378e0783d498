/// A layer that turns strings into tensors on the host, before the graph: text vectorization,
/// tokenizers, string lookup.
///
/// It stands at the front of a model. Tracing splits it off; the data pipeline runs it on the
/// next batches while the graph runs on this one.
public protocol HostLayer: AnyObject, Sendable {
    /// The name given by the user; nil for one made from the class.
    var name: String? { get }

    /// How many strings one example has: 1, or 2 for pairs of sentences.
    var stringCount: Int { get }

    /// The tensors it makes.
    ///
    /// - Throws: where a length is not settled yet.
    func outputs() throws -> [HostOutput]

    /// Fills a batch.
    ///
    /// - Parameters:
    ///   - strings: one array for each of the `stringCount` columns, all of the batch's length.
    ///   - buffers: one for each output, row-major, with room for the batch, a symbol at its bound.
    /// - Throws: what is wrong with the strings or with the layer's state (no vocabulary yet).
    func encode(_ strings: [[String]], into buffers: [HostBuffer]) throws

    /// The rows of a batch as long as they are, for layers whose outputs have a length that is a
    /// symbol; nil (the default) for layers that fill every row up to a fixed length.
    ///
    /// What runs the model fills rows up to the longest of each batch; `encode(_:into:)`, which
    /// fills them up to the symbol's bound, is for models whose outputs have that length, too.
    func encodeRows(_ strings: [[String]]) throws -> HostRows?
}

/// Sequences of different lengths that a host layer made of strings, before they are filled up.
public struct HostRows: Sendable {
    /// The length of each example; the same in all outputs.
    public var lengths: [Int]
    /// For each output the elements of all rows, one row after another.
    public var outputs: [[Int32]]
    /// What each output is filled up with.
    public var padding: [Int32]

    public init(lengths: [Int], outputs: [[Int32]], padding: [Int32]) {
        self.lengths = lengths
        self.outputs = outputs
        self.padding = padding
    }
}

extension HostLayer {
    public func encodeRows(_ strings: [[String]]) throws -> HostRows? { nil }
    public var name: String? { nil }
    public var stringCount: Int { 1 }

    /// Declares the layer as the front of a model; for layers that make one tensor.
    ///
    /// - Throws: `LayerError` where the number of strings or of outputs is another.
    public func callAsFunction(_ strings: StringInput...) throws -> Tensor {
        let tensors = try named(strings)
        guard tensors.values.count == 1 else {
            throw LayerError(
                "\(LayerNames.className(of: self)) makes \(tensors.values.count) tensors "
                    + "(\(tensors.names.joined(separator: ", "))); call named(_:) and choose")
        }
        return tensors.values[0]
    }

    /// Declares the layer as the front of a model; its tensors by name.
    public func named(_ strings: [StringInput]) throws -> NamedTensors {
        guard strings.count == stringCount else {
            throw LayerError(
                "\(LayerNames.className(of: self)) takes \(stringCount) string inputs, "
                    + "received \(strings.count)")
        }
        let outputs = try outputs()
        let types = outputs.map {
            TensorType($0.dtype, Shape([Dimension(Tensor.declaredBatch)] + $0.shape.dimensions))
        }
        let application = Application(.host(self, strings: strings), types: types)
        return NamedTensors(names: outputs.map(\.name), values: application.results)
    }
}

/// A tensor that a host layer makes.
public struct HostOutput: Hashable, Sendable {
    public var name: String
    /// Without the batch axis; all extents known, but for a length that is a symbol.
    public var shape: Shape
    /// i32, or f32 for bag-of-words features.
    public var dtype: DType

    public init(name: String = "output", shape: Shape, dtype: DType = .i32) {
        self.name = name
        self.shape = shape
        self.dtype = dtype
    }
}

/// Where a host layer writes a batch.
public enum HostBuffer {
    case int32(UnsafeMutableBufferPointer<Int32>)
    case float(UnsafeMutableBufferPointer<Float>)
}

/// One host layer of a traced model, and the graph inputs it fills.
public struct HostStage: Sendable {
    /// The layer's name in the model.
    public let name: String
    public let layer: any HostLayer
    /// The names of the model's string inputs it takes, in order.
    public let strings: [String]
    /// The names of the graph's data inputs it fills, in the order of `outputs`.
    public let inputs: [String]
    public let outputs: [HostOutput]
}
