/// What is wrong with the text of a graph, and where.
///
/// Prints as `3:14: expected a type such as f32[batch, 32], received "%"`.
public struct GraphTextError: Error, Hashable, CustomStringConvertible {
    /// From 1.
    public var line: Int
    /// From 1, in characters (Unicode scalars).
    public var column: Int
    public var message: String

    public var description: String { "\(line):\(column): \(message)" }
}
