import Glibc

/// Zeroed memory from mmap, followed by a page that faults: aligned to 2 MB and on huge pages when
/// large. A Swift allocation that fails ends the process; this one throws.
struct MappedMemory {
    static let hugePageByteCount = 2 << 20

    /// At least as many bytes as asked for, at least one page.
    let base: UnsafeMutableRawPointer
    private let mappedByteCount: Int

    init(byteCount: Int, what: String) throws(MemoryError) {
        let page = sysconf(Int32(_SC_PAGESIZE))
        let isLarge = byteCount >= Self.hugePageByteCount
        let slack = isLarge ? Self.hugePageByteCount : 0
        let (wanted, overflow) = max(byteCount, 1).addingReportingOverflow(page - 1)
        let usable = wanted / page * page
        let (total, totalOverflow) = usable.addingReportingOverflow(page + slack)
        guard !overflow, !totalOverflow else {
            throw .refused(what: what, byteCount: byteCount, code: ENOMEM)
        }
        let mapping = mmap(
            nil, total, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let mapping, mapping != UnsafeMutableRawPointer(bitPattern: -1) else {
            throw .refused(what: what, byteCount: byteCount, code: errno)
        }
        let alignment = isLarge ? Self.hugePageByteCount : page
        let start = mapping.alignedUp(toMultipleOf: alignment)
        let before = start - mapping
        if before > 0 { munmap(mapping, before) }
        let after = total - before - usable - page
        if after > 0 { munmap(start + usable + page, after) }
        mprotect(start + usable, page, PROT_NONE)
        // Only a hint: without huge pages everything works, more slowly.
        if isLarge { madvise(start, usable, MADV_HUGEPAGE) }
        base = start
        mappedByteCount = usable + page
    }

    func unmap() {
        munmap(base, mappedByteCount)
    }
}
