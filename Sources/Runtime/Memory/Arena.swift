/// The one block of memory in which a plan's buffers live at the offsets of the memory plan.
///
/// It starts at a multiple of 2 MB, on huge pages, when it is at least that large, and at a page
/// otherwise; it is zero at first; a page after its end faults when touched. One arena serves one
/// run at a time.
///
/// Unchecked: it only owns the memory. Whoever shares an arena answers for the order of accesses.
public final class Arena: @unchecked Sendable {
    public let byteCount: Int
    public let base: UnsafeMutableRawPointer
    private let memory: MappedMemory

    /// - Parameters:
    ///   - byteCount: the memory plan's peak.
    ///   - limit: the most that may be taken; by default what the machine, the cgroup and the
    ///     resource limits leave.
    ///   - isPoisoned: fills the arena with `poison` bytes, for tests that nothing is read before
    ///     it is written.
    ///   - remedy: how the user makes the peak fit, such as a batch size that does.
    /// - Throws: `MemoryError`, before anything is allocated, if the peak exceeds the limit.
    public init(
        byteCount: Int, limit: MemoryLimit? = nil, isPoisoned: Bool = false,
        remedy: String = MemoryError.defaultRemedy
    ) throws(MemoryError) {
        guard byteCount >= 0 else {
            throw .negativeByteCount(what: "arena", byteCount: byteCount)
        }
        let limit = limit ?? SystemLimits.availableMemory()
        guard byteCount <= limit.byteCount else {
            throw .exceedsLimit(
                what: "arena", byteCount: byteCount, limit: limit, remedy: remedy)
        }
        memory = try MappedMemory(byteCount: byteCount, what: "arena")
        base = memory.base
        self.byteCount = byteCount
        if isPoisoned { poison() }
    }

    deinit {
        memory.unmap()
    }

    /// Fills the arena with ones: NaN as float32, float64, float16 and bfloat16, −1 as a signed
    /// integer.
    public func poison() {
        base.initializeMemory(as: UInt8.self, repeating: 0xFF, count: byteCount)
    }

    /// `count` elements at `byteOffset`.
    ///
    /// - Precondition: they lie inside the arena and the offset suits the type's alignment: the
    ///   memory plan says so.
    public func buffer<Element: BitwiseCopyable>(
        of type: Element.Type, atByteOffset byteOffset: Int, count: Int
    ) -> UnsafeMutableBufferPointer<Element> {
        let (size, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
        precondition(
            !overflow && count >= 0 && byteOffset >= 0 && size <= byteCount
                && byteOffset <= byteCount - size,
            "arena: \(count) elements at byte \(byteOffset) lie outside its \(byteCount) bytes")
        precondition(
            byteOffset.isMultiple(of: MemoryLayout<Element>.alignment),
            "arena: byte \(byteOffset) is not aligned for \(type)")
        let start = (base + byteOffset).assumingMemoryBound(to: Element.self)
        return UnsafeMutableBufferPointer(start: start, count: count)
    }
}
