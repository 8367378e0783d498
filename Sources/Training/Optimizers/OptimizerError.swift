/// An argument of an optimizer or schedule that makes no sense, or a graph it does not fit.
public struct OptimizerError: Error, Hashable, CustomStringConvertible {
    /// The optimizer, schedule or part of one: `adam`, `polynomial decay`.
    public var subject: String
    public var message: String

    public init(_ subject: String, _ message: String) {
        self.subject = subject
        self.message = message
    }

    public var description: String { "\(subject): \(message)" }
}
