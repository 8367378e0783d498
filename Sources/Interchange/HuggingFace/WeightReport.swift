import MartletJSON

/// How the tensors of a folder and the weights of a model went together.
public struct WeightReport: Hashable, Sendable, CustomStringConvertible {
    /// A tensor whose shape was not that of the weight.
    public struct Mismatch: Hashable, Sendable {
        public var tensor: String
        public var found: [Int]
        public var expected: [Int]
    }

    /// A tensor with elements that are NaN or infinite.
    public struct NonFinite: Hashable, Sendable {
        public var tensor: String
        public var count: Int
    }

    public var folder: String
    /// The model, as transformers names its class.
    public var modelName: String
    /// Tensors the folder lacks; their weights started afresh.
    public var initialized: [String] = []
    /// Tensors of the folder from which no weight is made.
    public var unused: [String] = []
    /// Tensors that were left out for their shape; their weights started afresh.
    public var mismatched: [Mismatch] = []
    public var nonFinite: [NonFinite] = []

    public init(folder: String, modelName: String) {
        self.folder = folder
        self.modelName = modelName
    }

    /// One paragraph for each kind of finding, worded as in transformers; none if all fits.
    public var warnings: [String] {
        var warnings: [String] = []
        if !unused.isEmpty {
            warnings.append(
                "Some tensors of \(folder) were not used when initializing \(modelName): "
                    + "\(Self.list(unused)). This is expected if they belong to the head of "
                    + "another task.")
        }
        if !initialized.isEmpty {
            warnings.append(
                "Some weights of \(modelName) were not initialized from \(folder) and are newly "
                    + "initialized: \(Self.list(initialized)). You should probably train this "
                    + "model on a task before you use it for predictions.")
        }
        if !mismatched.isEmpty {
            let list = mismatched.map { "\($0.tensor): found \($0.found), expected \($0.expected)" }
            warnings.append(
                "Some weights of \(modelName) were not initialized from \(folder) because the "
                    + "shapes did not match, and are newly initialized: "
                    + list.joined(separator: "; ") + ". Train this model before you use it.")
        }
        for tensor in nonFinite {
            warnings.append(
                "The tensor \(tensor.tensor) of \(folder) has \(tensor.count) elements that are "
                    + "NaN or infinite; the model's outputs will be, too.")
        }
        return warnings
    }

    /// The warnings one after another; empty if all fits.
    public var description: String { warnings.joined(separator: "\n") }

    /// At most 20 names, quoted, control characters escaped.
    static func list(_ names: [String]) -> String {
        let shown = names.prefix(20).map { "'\($0.quotedForMessage().dropFirst().dropLast())'" }
            .joined(separator: ", ")
        return names.count > 20 ? "[\(shown), and \(names.count - 20) more]" : "[\(shown)]"
    }
}

/// A folder whose weights do not fit its configuration or the model asked for.
public struct PretrainedError: Error, Hashable, Sendable, CustomStringConvertible {
    public let folder: String
    /// One sentence each.
    public let problems: [String]

    public init(folder: String, problems: [String]) {
        self.folder = folder
        self.problems = problems
    }

    public var description: String {
        let noun = problems.count == 1 ? "problem" : "problems"
        let shown = problems.prefix(20).map { "\n  - \($0)" }.joined()
        let rest = problems.count > 20 ? "\n  - and \(problems.count - 20) more" : ""
        return "\(folder): \(problems.count) \(noun) with the weights" + shown + rest
    }
}
