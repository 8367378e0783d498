import MartletJSON
import MartletLayers

/// What loading does about doubtful tensors.
public struct LoadingOptions: Hashable, Sendable {
    /// Initializes a head afresh whose shape in the folder is another, instead of refusing it: to
    /// train a checkpoint on other classes.
    public var ignoresMismatchedHead: Bool
    /// Refuses tensors with NaN or infinite elements instead of warning of them.
    public var refusesNonFinite: Bool
    /// What fresh weights are drawn from.
    public var seed: UInt64

    public init(
        ignoresMismatchedHead: Bool = false, refusesNonFinite: Bool = false, seed: UInt64 = 0
    ) {
        self.ignoresMismatchedHead = ignoresMismatchedHead
        self.refusesNonFinite = refusesNonFinite
        self.seed = seed
    }
}

/// Makes the weights of a model from the tensors of a folder.
struct WeightLoader {
    let map: TensorMap
    let tensors: SafetensorsFolder
    let options: LoadingOptions
    private var report: WeightReport
    private var problems: [String] = []
    private var usedNames: Set<String> = []

    init(
        _ map: TensorMap, _ tensors: SafetensorsFolder, modelName: String, _ options: LoadingOptions
    ) {
        self.map = map
        self.tensors = tensors
        self.options = options
        report = WeightReport(folder: tensors.path, modelName: modelName)
    }

    /// The weights by name, and what was noteworthy.
    ///
    /// Shapes and names are checked before anything is read.
    ///
    /// - Throws: `PretrainedError` listing every tensor that is missing, extra or of another
    ///   shape; `FileError` where reading fails.
    mutating func load(
        _ parameters: [ParameterSpecification]
    ) throws -> (weights: [String: [Float]], report: WeightReport) {
        let mappings = Dictionary(
            map.mappings.map { ($0.parameter, $0) }, uniquingKeysWith: { first, _ in first })
        let sources = parameters.map { parameter in
            (
                parameter, mappings[parameter.name],
                mappings[parameter.name].flatMap { source($0, parameter) }
            )
        }
        checkUnused()
        try refuseProblems()
        var weights: [String: [Float]] = [:]
        for (parameter, mapping, source) in sources {
            guard let mapping, let source else {
                weights[parameter.name] = try parameter.initialValues(seed: options.seed)
                continue
            }
            weights[parameter.name] = mapping.weightOrder(
                try read(source), extents: parameter.extents)
        }
        try refuseProblems()
        return (weights, report)
    }

    private func refuseProblems() throws {
        if !problems.isEmpty {
            throw PretrainedError(folder: tensors.path, problems: problems)
        }
    }

    /// The tensor a weight is made from; nil where it starts afresh.
    private mutating func source(
        _ mapping: TensorMapping, _ parameter: ParameterSpecification
    ) -> String? {
        let found = map.names(of: mapping).first { tensors[$0] != nil }
        guard let found, let tensor = tensors[found] else {
            if mapping.absence == .initialized {
                report.initialized.append(mapping.tensor)
            } else {
                problems.append("tensor \(mapping.tensor) is missing")
            }
            return nil
        }
        usedNames.insert(found)
        let expected = mapping.fileShape(parameter.extents)
        guard tensor.shape == expected else {
            if !mapping.isInBase, options.ignoresMismatchedHead {
                report.mismatched.append(
                    WeightReport.Mismatch(tensor: found, found: tensor.shape, expected: expected))
            } else {
                problems.append(
                    "tensor \(found.quotedForMessage()) has shape \(tensor.shape), expected "
                        + "\(expected)" + (mapping.isInBase ? " by config.json" : Self.headHint))
            }
            return nil
        }
        guard tensor.dtype.isFloatingPoint else {
            problems.append(
                "tensor \(found.quotedForMessage()) is of \(tensor.dtype.rawValue), expected "
                    + "floating point")
            return nil
        }
        return found
    }

    private static let headHint =
        "; ask for the head the folder has, or set ignoresMismatchedHead to begin with a fresh one"

    private mutating func checkUnused() {
        for name in tensors.names where !usedNames.contains(name) && !map.isIgnored(name) {
            if map.isPartOfBase(name) {
                problems.append(
                    "tensor \(name.quotedForMessage()) is not part of the model that config.json "
                        + "describes")
            } else {
                report.unused.append(name)
            }
        }
    }

    private mutating func read(_ name: String) throws -> [Float] {
        guard let file = tensors.file(of: name) else { return [] }
        let count = try file.tensor(name).elementCount
        var nonFiniteCount = 0
        let values = try [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
            nonFiniteCount = try file.readFloats(
                name, into: UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
            initialized = count
        }
        if nonFiniteCount > 0 {
            if options.refusesNonFinite {
                problems.append(
                    "tensor \(name.quotedForMessage()): \(nonFiniteCount) of \(count) elements "
                        + "are NaN or infinite")
            }
            report.nonFinite.append(WeightReport.NonFinite(tensor: name, count: nonFiniteCount))
        }
        return values
    }
}
