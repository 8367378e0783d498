import MartletRuntime
import Testing

@Suite struct SystemLimitsTests {
    @Test func thisMachineHasLimits() {
        #expect(SystemLimits.allowedCPUCount() >= 1)
        let memory = SystemLimits.availableMemory()
        #expect(memory.byteCount > 1 << 20)
        #expect(memory.byteCount < 1 << 50)
    }

    @Test func meminfo() {
        let text = "MemTotal:       24684092 kB\nMemAvailable:   1024 kB\n"
        #expect(SystemLimits.meminfoAvailableByteCount(text) == 1 << 20)
        #expect(SystemLimits.meminfoAvailableByteCount("MemFree: 3 kB") == nil)
        #expect(SystemLimits.meminfoAvailableByteCount("MemAvailable: much") == nil)
    }

    @Test func version2TakesTheTightestAncestor() {
        let files = [
            "/sys/fs/cgroup/a/b/cpu.max": "max 100000\n",
            "/sys/fs/cgroup/a/cpu.max": "250000 100000\n",
            "/sys/fs/cgroup/cpu.max": "800000 100000\n",
            "/sys/fs/cgroup/a/b/memory.max": "max\n",
            "/sys/fs/cgroup/a/memory.max": "1000000\n",
            "/sys/fs/cgroup/a/memory.current": "900000\n",
            "/sys/fs/cgroup/a/memory.stat": "anon 5\ninactive_file 300000\nfile 9\n",
        ]
        let group = ControlGroup(membership: "0::/a/b\n") { files[$0] }
        #expect(group.cpuQuota() == 3)
        #expect(
            group.availableMemory()
                == MemoryLimit(
                    byteCount: 400_000, source: "the cgroup limit /sys/fs/cgroup/a/memory.max"))
    }

    @Test func version1() {
        let files = [
            "/sys/fs/cgroup/cpu,cpuacct/c/cpu.cfs_quota_us": "200000\n",
            "/sys/fs/cgroup/cpu,cpuacct/c/cpu.cfs_period_us": "100000\n",
            "/sys/fs/cgroup/memory/c/memory.limit_in_bytes": "5000\n",
            "/sys/fs/cgroup/memory/c/memory.usage_in_bytes": "1000\n",
            "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
        ]
        let group = ControlGroup(membership: "4:memory:/c\n2:cpu,cpuacct:/c\n") { files[$0] }
        #expect(group.cpuQuota() == 2)
        #expect(group.availableMemory()?.byteCount == 4000)
    }

    @Test func noLimits() {
        let unlimited = ["/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n"]
        let group = ControlGroup(membership: "1:cpu:/\n0::/\nnonsense\n") { unlimited[$0] }
        #expect(group.cpuQuota() == nil)
        #expect(group.availableMemory() == nil)
    }
}
