/// Something in a model, or in how it is trained, that runs but is most likely a mistake: where,
/// what follows from it, and how to mend it.
///
/// Prints as `classifier: the loss … expects probabilities, but …`. A warning by default; refused
/// where training is strict.
public struct Diagnostic: Hashable, Sendable, CustomStringConvertible {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// The output is logits, and the loss takes probabilities.
        case logitsIntoProbabilityLoss
        /// The output is probabilities, and the loss is told that it takes logits.
        case probabilitiesIntoLogitLoss
        /// A mean over the steps of a sequence counts padding, though it is known where that is.
        case averageOverPadding
        /// A mask that no layer, loss or output uses.
        case deadMask
        /// Trainable weights that the loss does not depend on.
        case unreachedParameters
        /// The learning rate still rises when the training ends.
        case warmupLongerThanRun
        /// The output has more classes than the labels.
        case unusedClasses
        /// A layer's own warning.
        case layer
    }

    public var kind: Kind
    /// The path of the layer, or what else it is about: a loss, `learning rate`; empty for the
    /// model as a whole.
    public var subject: String
    public var message: String

    public init(_ kind: Kind, _ subject: String, _ message: String) {
        self.kind = kind
        self.subject = subject
        self.message = message
    }

    public var description: String { subject.isEmpty ? message : "\(subject): \(message)" }
}
