/// The Linux control groups that bound this process, of version 2 or 1, with all their parents:
/// the tightest bound counts.
package struct ControlGroup {
    /// Folders from the process's own group up to the root, for each controller.
    private let cpuFolders: [String]
    private let memoryFolders: [String]
    private let read: (_ path: String) -> String?

    package static func current() -> ControlGroup {
        ControlGroup(
            membership: SystemLimits.readText("/proc/self/cgroup") ?? "",
            read: SystemLimits.readText)
    }

    /// - Parameters:
    ///   - membership: the text of /proc/self/cgroup: lines of `number:controllers:path`.
    ///   - read: a system file's text.
    package init(membership: String, read: @escaping (_ path: String) -> String?) {
        self.read = read
        var (cpu, memory): ([String], [String]) = ([], [])
        for line in membership.split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            let controllers = fields[1].split(separator: ",")
            if controllers.isEmpty {
                let folders = Self.folders(root: "/sys/fs/cgroup", path: fields[2])
                cpu += folders
                memory += folders
            }
            if controllers.contains("cpu") {
                cpu += Self.folders(root: "/sys/fs/cgroup/\(fields[1])", path: fields[2])
                cpu += Self.folders(root: "/sys/fs/cgroup/cpu", path: fields[2])
            }
            if controllers.contains("memory") {
                memory += Self.folders(root: "/sys/fs/cgroup/memory", path: fields[2])
            }
        }
        (cpuFolders, memoryFolders) = (cpu, memory)
    }

    private static func folders(root: String, path: Substring) -> [String] {
        var folders = [root]
        for part in path.split(separator: "/") {
            folders.append(folders[folders.count - 1] + "/" + part)
        }
        return folders.reversed()
    }

    /// The CPU quota in whole CPUs, rounded up; nil if there is none.
    package func cpuQuota() -> Int? {
        cpuFolders.compactMap(cpuQuota(in:)).min()
    }

    private func cpuQuota(in folder: String) -> Int? {
        var (quota, period): (Int?, Int?)
        if let fields = read(folder + "/cpu.max")?.split(whereSeparator: \.isWhitespace) {
            guard fields.count == 2 else { return nil }
            (quota, period) = (Int(fields[0]), Int(fields[1]))  // "max 100000" has no quota
        } else {
            quota = number(folder + "/cpu.cfs_quota_us")
            period = number(folder + "/cpu.cfs_period_us")
        }
        guard let quota, let period, quota > 0, period > 0 else { return nil }
        return quota / period + (quota % period == 0 ? 0 : 1)
    }

    /// What the memory limit leaves, counting the page cache that the kernel can drop as free.
    package func availableMemory() -> MemoryLimit? {
        memoryFolders.compactMap(availableMemory(in:)).min { $0.byteCount < $1.byteCount }
    }

    private func availableMemory(in folder: String) -> MemoryLimit? {
        for (limitFile, usageFile, cacheKey) in [
            ("memory.max", "memory.current", "inactive_file"),
            ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
        ] {
            // Version 1 writes "no limit" as a number near 2⁶³.
            guard let limit = number(folder + "/" + limitFile), limit < 1 << 62 else { continue }
            let usage = number(folder + "/" + usageFile) ?? 0
            let cache = statistic(cacheKey, in: read(folder + "/memory.stat") ?? "")
            return MemoryLimit(
                byteCount: max(0, limit - max(0, usage - cache)),
                source: "the cgroup limit \(folder)/\(limitFile)")
        }
        return nil
    }

    private func statistic(_ key: String, in text: String) -> Int {
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ")
            if fields.count == 2, fields[0] == key { return Int(fields[1]) ?? 0 }
        }
        return 0
    }

    private func number(_ path: String) -> Int? {
        read(path)?.split(whereSeparator: \.isWhitespace).first.flatMap { Int($0) }
    }
}
