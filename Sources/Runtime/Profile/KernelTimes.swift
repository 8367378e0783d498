/// What a kernel took in the runs that were recorded, each number that of one run on average.
public struct KernelTime: Hashable, Sendable {
    /// `matmul.17`
    public let name: String
    /// The plan step the kernel belongs to, and the layer that came from.
    public let step: String
    public let path: String
    public let runCount: Int
    /// What the threads that took part spent in it, divided by their number.
    public let milliseconds: Double
    public let operationCount: Double
    public let byteCount: Double

    /// 10⁹ floating-point operations a second, over all threads; nil where none are counted.
    public var gigaflops: Double? {
        operationCount > 0 && milliseconds > 0 ? operationCount / milliseconds * 1e-6 : nil
    }

    /// 10⁹ bytes a second, of operands and results; nil where none are counted.
    public var gigabytesPerSecond: Double? {
        byteCount > 0 && milliseconds > 0 ? byteCount / milliseconds * 1e-6 : nil
    }
}

extension PlanProfile {
    /// Kernels by what they take, the slowest first.
    public var kernelTimes: [KernelTime] {
        struct Total {
            var nanoseconds: UInt64 = 0
            var runs: Set<Int> = []
            var threads: Set<Int> = []
            var operationCount = 0.0
            var byteCount = 0.0
        }
        var totals: [String: Total] = [:]
        for slice in slices {
            let kernel = kernels[slice.kernel]
            let share = Double(slice.partCount) / Double(max(kernel.partCount, 1))
            var total = totals[kernel.name] ?? Total()
            total.nanoseconds += slice.nanoseconds
            total.runs.insert(slice.run)
            total.threads.insert(slice.thread)
            total.operationCount += share * kernel.cost.operationCount
            total.byteCount += share * kernel.cost.byteCount
            totals[kernel.name] = total
        }
        var isListed: Set<String> = []
        let times = kernels.compactMap { kernel -> KernelTime? in
            guard let total = totals[kernel.name], isListed.insert(kernel.name).inserted else {
                return nil
            }
            let runs = Double(total.runs.count)
            return KernelTime(
                name: kernel.name, step: kernel.step, path: kernel.path,
                runCount: total.runs.count,
                milliseconds: Double(total.nanoseconds) / Double(total.threads.count) / runs * 1e-6,
                operationCount: total.operationCount / runs, byteCount: total.byteCount / runs)
        }
        return times.sorted { ($1.milliseconds, $0.name) < ($0.milliseconds, $1.name) }
    }
}
