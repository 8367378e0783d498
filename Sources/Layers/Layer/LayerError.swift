/// What is wrong with a model or with one application of a layer, and where.
///
/// Prints as `transformer_block/attention: query: expected rank 3, received f32[batch, 32]`.
public struct LayerError: Error, Hashable, CustomStringConvertible {
    /// The layer path, such as `transformer_block/attention`; empty where there is none.
    public var path: String
    public var message: String

    public init(path: String = "", _ message: String) {
        self.path = path
        self.message = message
    }

    public var description: String { path.isEmpty ? message : "\(path): \(message)" }
}
