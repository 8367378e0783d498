import CMartlet
import Glibc

/// What the system allows this process: CPUs by affinity and cgroup, memory by cgroup, resource
/// limit and free memory.
public enum SystemLimits {
    /// CPUs this process may use at a time, at least 1: the affinity mask's, or the cgroup's CPU
    /// quota rounded up if that is less.
    public static func allowedCPUCount() -> Int {
        let affinity = Int(martlet_allowed_cpu_count())
        let count = affinity > 0 ? affinity : sysconf(Int32(_SC_NPROCESSORS_ONLN))
        return max(1, min(count, ControlGroup.current().cpuQuota() ?? count))
    }

    /// The most memory that this process can still take without being refused or killed.
    public static func availableMemory() -> MemoryLimit {
        var limits: [MemoryLimit] = []
        if let free = meminfoAvailableByteCount(readText("/proc/meminfo") ?? "") {
            limits.append(MemoryLimit(byteCount: free, source: "the machine's available memory"))
        }
        if let group = ControlGroup.current().availableMemory() { limits.append(group) }
        if let space = addressSpaceLimit() { limits.append(space) }
        return limits.min { $0.byteCount < $1.byteCount }
            ?? MemoryLimit(byteCount: .max, source: "no known limit")
    }

    /// `MemAvailable` of /proc/meminfo, in bytes.
    package static func meminfoAvailableByteCount(_ text: String) -> Int? {
        for line in text.split(separator: "\n") where line.hasPrefix("MemAvailable:") {
            let fields = line.split(separator: " ", omittingEmptySubsequences: true)
            guard fields.count >= 2, let kilobytes = Int(fields[1]) else { return nil }
            return kilobytes.multipliedReportingOverflow(by: 1024).partialValue
        }
        return nil
    }

    private static func addressSpaceLimit() -> MemoryLimit? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0,
            limit.rlim_cur < UInt64(Int.max),
            let pages = readText("/proc/self/statm")?.split(separator: " ").first,
            let usedPages = Int(pages)
        else { return nil }
        let used = usedPages * sysconf(Int32(_SC_PAGESIZE))
        return MemoryLimit(
            byteCount: max(0, Int(limit.rlim_cur) - used),
            source: "the address space limit (ulimit -v)")
    }

    /// A small system file's text; nil if it cannot be read.
    static func readText(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(file, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { return nil }
            if count == 0 { break }
            bytes.append(contentsOf: chunk[..<count])
        }
        return String(validating: bytes, as: UTF8.self)
    }

    /// The system's words for an error code.
    static func message(errorCode: Int32) -> String {
        strerror(errorCode).map { String(cString: $0) } ?? "error \(errorCode)"
    }
}

/// A bound on memory and where it comes from.
public struct MemoryLimit: Sendable, Equatable {
    public let byteCount: Int
    /// Completes the sentence "… is all that … leaves".
    public let source: String

    public init(byteCount: Int, source: String) {
        self.byteCount = byteCount
        self.source = source
    }
}
