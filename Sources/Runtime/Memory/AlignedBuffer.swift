/// Memory that outlives a step, such as a parameter or an optimizer's state: zero at first,
/// aligned to 64 bytes at least (to 2 MB, on huge pages, when it is that large).
///
/// Unchecked: it only owns the memory. Whoever shares a buffer answers for the order of accesses.
public final class AlignedBuffer: @unchecked Sendable {
    public static let alignment = 64

    public let byteCount: Int
    public let base: UnsafeMutableRawPointer
    private let mapped: MappedMemory?

    /// - Throws: `MemoryError` if the system refuses.
    public init(byteCount: Int) throws(MemoryError) {
        guard byteCount >= 0 else {
            throw .negativeByteCount(what: "buffer", byteCount: byteCount)
        }
        if byteCount >= MappedMemory.hugePageByteCount {
            let mapped = try MappedMemory(byteCount: byteCount, what: "buffer")
            (base, self.mapped) = (mapped.base, mapped)
        } else {
            // A page and a guard page for each of many small parameters would be a waste.
            let size = max((byteCount + Self.alignment - 1) / Self.alignment, 1) * Self.alignment
            base = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: Self.alignment)
            base.initializeMemory(as: UInt8.self, repeating: 0, count: size)
            mapped = nil
        }
        self.byteCount = byteCount
    }

    /// A buffer with room for `count` elements.
    public convenience init<Element: BitwiseCopyable>(
        of type: Element.Type, count: Int
    ) throws(MemoryError) {
        let (size, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
        try self.init(byteCount: overflow ? .max : size)
    }

    deinit {
        if let mapped { mapped.unmap() } else { base.deallocate() }
    }

    /// The whole buffer as elements.
    public func elements<Element: BitwiseCopyable>(
        of type: Element.Type
    ) -> UnsafeMutableBufferPointer<Element> {
        let count = byteCount / MemoryLayout<Element>.stride
        return UnsafeMutableBufferPointer(
            start: base.assumingMemoryBound(to: Element.self), count: count)
    }
}
