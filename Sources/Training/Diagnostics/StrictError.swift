import MartletLayers

/// What strict training refuses.
public struct StrictError: Error, Hashable, Sendable, CustomStringConvertible {
    public let diagnostics: [Diagnostic]

    public var description: String {
        let subject = diagnostics.count == 1 ? "one thing is" : "\(diagnostics.count) things are"
        return "\(subject) doubtful, and training is strict:"
            + diagnostics.map { "\n  - \($0)" }.joined()
    }
}

extension TrainingOptions {
    /// - Throws: `StrictError` for anything doubtful where training is strict.
    func refuse(_ diagnostics: [Diagnostic]) throws {
        if isStrict, !diagnostics.isEmpty { throw StrictError(diagnostics: diagnostics) }
    }
}
