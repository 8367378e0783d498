/// One piece of memory that a plan needs for some of its steps.
public struct MemoryBuffer: Hashable, Sendable {
    /// Whose bytes a buffer uses.
    public enum Sharing: Hashable, Sendable {
        /// Bytes of its own for as long as it lives.
        case own
        /// May begin where one of these buffers begins, in the step that reads that buffer for the
        /// last time and writes this one for the first: an operation that can work in place.
        ///
        /// A permission that does not apply (the other one lives on, ended earlier, or is smaller)
        /// is ignored, so every operation that can work in place may say so.
        case may([Int])
        /// Must begin where this buffer begins: a view, or an update in place. The whole chain of
        /// such buffers keeps its bytes from its first use to its last.
        case must(Int)
    }

    /// What messages call the buffer; need not be unique.
    public var name: String
    public var byteCount: Int
    /// The step that writes the buffer first, counted from 0.
    public var firstUse: Int
    /// The last step that reads or writes the buffer, itself included.
    public var lastUse: Int
    /// A power of two that divides the offset. 64 is a cache line and a 512-bit vector.
    public var alignmentByteCount: Int
    /// Buffers are named by their index in the problem.
    public var sharing: Sharing

    public init(
        name: String, byteCount: Int, firstUse: Int, lastUse: Int, alignmentByteCount: Int = 64,
        sharing: Sharing = .own
    ) {
        self.name = name
        self.byteCount = byteCount
        self.firstUse = firstUse
        self.lastUse = lastUse
        self.alignmentByteCount = alignmentByteCount
        self.sharing = sharing
    }
}
