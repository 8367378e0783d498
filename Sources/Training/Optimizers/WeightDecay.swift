/// Weights shrink by `learningRate · rate` of themselves before each update, whatever the
/// gradient: decoupled weight decay.
public struct WeightDecay: Hashable, Sendable {
    public var rate: Double
    /// Parameters that do not decay.
    public var excluded: [ParameterPattern]

    public init(_ rate: Double, excluding excluded: [ParameterPattern] = []) {
        self.rate = rate
        self.excluded = excluded
    }

    func applies(to parameter: String) throws -> Bool {
        try !excluded.contains { try $0.matches(parameter) }
    }

    func validate() throws {
        guard rate.isFinite else {
            throw OptimizerError("weight decay", "the rate is \(rate), expected a finite number")
        }
        for pattern in excluded { _ = try pattern.matches("") }
    }
}

/// Which parameters something applies to.
public enum ParameterPattern: Hashable, Sendable {
    /// A regular expression found in the last component of the path: `bias` in `dense/bias`.
    /// (Keras's `var_names` on JAX and PyTorch.)
    case name(String)
    /// A regular expression found anywhere in the path: `layer_norm` in
    /// `layer_normalization/gamma`. (`var_names` on TensorFlow, and TensorFlow Model Garden.)
    case path(String)
    /// One parameter by its whole path.
    case parameter(String)

    /// - Throws: `OptimizerError` where the regular expression cannot be read.
    public func matches(_ parameter: String) throws -> Bool {
        switch self {
        case .parameter(let path): return path == parameter
        case .path(let pattern): return try find(pattern, in: parameter)
        case .name(let pattern):
            let name = parameter.split(separator: "/").last.map(String.init) ?? ""
            return try find(pattern, in: name)
        }
    }

    private func find(_ pattern: String, in text: String) throws -> Bool {
        let expression: Regex<AnyRegexOutput>
        do {
            expression = try Regex(pattern)
        } catch {
            throw OptimizerError(
                "weight decay", "\"\(pattern)\" is not a regular expression: \(error)")
        }
        return text.firstMatch(of: expression) != nil
    }
}

extension [ParameterPattern] {
    /// Biases, and the scales and offsets of normalizations.
    public static var biasesAndNormalizations: [ParameterPattern] {
        [.name("bias"), .name("^gamma$"), .name("^beta$")]
    }
}
