/// A function of a tensor as a layer: `Lambda { try $0 * 2 }`.
///
/// For a line or two without weights; it cannot be saved. What needs weights or the training flag
/// is a type of its own.
public final class Lambda: Layer {
    public let name: String?
    private let function: @Sendable (Tensor) throws -> Tensor

    public init(name: String? = nil, _ function: @escaping @Sendable (Tensor) throws -> Tensor) {
        self.name = name
        self.function = function
    }

    public func call(_ x: Tensor, context: CallContext) throws -> Tensor { try function(x) }
}
