import MartletJSON
import MartletLayers

/// Where a weight of a model is in a Hugging Face folder, and in which layout.
public struct TensorMapping: Hashable, Sendable {
    /// How a tensor in the file relates to the weight's `extents`.
    public enum Layout: Hashable, Sendable {
        /// The same elements in the same order.
        case same
        /// The same elements on one axis: the bias of a `Linear` whose outputs have several.
        case flattened
        /// The kernel of a PyTorch `Linear`, `[outputs, inputs]`, where the weight has its
        /// inputs first, on so many axes, and its outputs on the others.
        case linear(inputAxes: Int)
    }

    /// What is done where the folder has no such tensor.
    public enum Absence: Hashable, Sendable {
        /// The folder is refused.
        case refused
        /// The weight starts afresh, with a warning: a head for a new task.
        case initialized
    }

    /// The weight's name in the model: `bert/layer_0/attention/query/kernel`.
    public var parameter: String
    /// The tensor's name: `encoder.layer.0.attention.self.query.weight`.
    public var tensor: String
    public var layout: Layout
    /// Whether the tensor belongs to the encoder, whose names may begin with a prefix (`bert.`),
    /// rather than to a head.
    public var isInBase: Bool
    public var absence: Absence

    public init(
        _ parameter: String, _ tensor: String, _ layout: Layout = .same, isInBase: Bool = true,
        absence: Absence = .refused
    ) {
        self.parameter = parameter
        self.tensor = tensor
        self.layout = layout
        self.isInBase = isInBase
        self.absence = absence
    }

    /// The kernel and the bias of a `Linear`.
    public static func linear(
        _ layer: String, _ module: String, inputAxes: Int = 1, isInBase: Bool = true,
        absence: Absence = .refused
    ) -> [TensorMapping] {
        [
            TensorMapping(
                "\(layer)/kernel", "\(module).weight", .linear(inputAxes: inputAxes),
                isInBase: isInBase, absence: absence),
            TensorMapping(
                "\(layer)/bias", "\(module).bias", .flattened, isInBase: isInBase, absence: absence),
        ]
    }

    /// The scale and the offset of a `LayerNorm`.
    public static func normalization(_ layer: String, _ module: String) -> [TensorMapping] {
        [
            TensorMapping("\(layer)/gamma", "\(module).weight"),
            TensorMapping("\(layer)/beta", "\(module).bias"),
        ]
    }

    /// The shape the file must have for a weight of these extents.
    func fileShape(_ extents: [Int]) -> [Int] {
        switch layout {
        case .same: return extents
        case .flattened: return [extents.reduce(1, *)]
        case .linear(let inputAxes):
            let (inputs, outputs) = Self.sizes(extents, inputAxes)
            return [outputs, inputs]
        }
    }

    static func sizes(_ extents: [Int], _ inputAxes: Int) -> (inputs: Int, outputs: Int) {
        (extents.prefix(inputAxes).reduce(1, *), extents.dropFirst(inputAxes).reduce(1, *))
    }

    /// The file's elements in the order of the weight.
    func weightOrder(_ values: [Float], extents: [Int]) -> [Float] {
        guard case .linear(let inputAxes) = layout else { return values }
        let (inputs, outputs) = Self.sizes(extents, inputAxes)
        return Self.transposed(values, rows: outputs, columns: inputs)
    }

    /// The weight's elements in the order of the file.
    func fileOrder(_ values: [Float], extents: [Int]) -> [Float] {
        guard case .linear(let inputAxes) = layout else { return values }
        let (inputs, outputs) = Self.sizes(extents, inputAxes)
        return Self.transposed(values, rows: inputs, columns: outputs)
    }

    /// Square blocks, so that both sides stay in cache.
    private static func transposed(_ values: [Float], rows: Int, columns: Int) -> [Float] {
        guard values.count == rows * columns else { return values }
        let block = 32
        return [Float](unsafeUninitializedCapacity: values.count) { target, count in
            values.withUnsafeBufferPointer { source in
                guard let source = source.baseAddress, let target = target.baseAddress else {
                    return
                }
                for row in stride(from: 0, to: rows, by: block) {
                    for column in stride(from: 0, to: columns, by: block) {
                        for r in row..<min(row + block, rows) {
                            for c in column..<min(column + block, columns) {
                                target[c * rows + r] = source[r * columns + c]
                            }
                        }
                    }
                }
            }
            count = values.count
        }
    }
}

/// The names of all tensors of an architecture.
public struct TensorMap: Hashable, Sendable {
    public var mappings: [TensorMapping]
    /// What encoder names begin with in a folder of a model with a head: `bert.`.
    public var basePrefix: String
    /// What the names of the encoder's parts begin with, after the prefix. A tensor so named
    /// that no weight is made from means that folder and configuration do not belong together.
    public var baseParts: [String]
    /// Ends of names of tensors that hold no weights, such as `position_ids`.
    public var ignoredSuffixes: [String]

    public init(
        _ mappings: [TensorMapping], basePrefix: String, baseParts: [String],
        ignoredSuffixes: [String] = []
    ) {
        self.mappings = mappings
        self.basePrefix = basePrefix
        self.baseParts = baseParts
        self.ignoredSuffixes = ignoredSuffixes
    }

    /// All names a tensor may have: with and without the prefix, and TensorFlow's old names of
    /// layer normalization.
    func names(of mapping: TensorMapping) -> [String] {
        let names =
            mapping.isInBase ? [basePrefix + mapping.tensor, mapping.tensor] : [mapping.tensor]
        return names + names.compactMap(Self.oldName)
    }

    private static func oldName(_ name: String) -> String? {
        for (new, old) in [
            ("LayerNorm.weight", "LayerNorm.gamma"), ("LayerNorm.bias", "LayerNorm.beta"),
        ]
        where name.hasSuffix(new) { return name.dropLast(new.count) + old }
        return nil
    }

    /// The weight `parameter` from a file that has it under one of its names; nil where the map
    /// has no such weight, or the file no such tensor.
    ///
    /// - Throws: `PretrainedError` where the tensor's shape is another, `FileError` where reading
    ///   fails.
    public func floats(
        of parameter: String, extents: [Int], in file: SafetensorsFile
    ) throws -> [Float]? {
        guard let mapping = mappings.first(where: { $0.parameter == parameter }),
            let tensor = names(of: mapping).lazy.compactMap({ file.header[$0] }).first
        else { return nil }
        let expected = mapping.fileShape(extents)
        guard tensor.shape == expected else {
            throw PretrainedError(
                folder: file.path,
                problems: [
                    "tensor \(tensor.name.quotedForMessage()) has shape \(tensor.shape), expected "
                        + "\(expected)"
                ])
        }
        return mapping.weightOrder(try file.floats(tensor.name), extents: extents)
    }

    func isIgnored(_ name: String) -> Bool { ignoredSuffixes.contains { name.hasSuffix($0) } }

    func isPartOfBase(_ name: String) -> Bool {
        let rest = name.hasPrefix(basePrefix) ? name.dropFirst(basePrefix.count) : name[...]
        return baseParts.contains { rest.hasPrefix($0) }
    }
}
