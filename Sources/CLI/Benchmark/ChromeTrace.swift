import Martlet
import MartletFiles
import MartletJSON

/// A profile in the Trace Event Format, which chrome://tracing and Perfetto show: one complete
/// event ("ph": "X") for each kernel, thread and step, times in microseconds from the first.
struct ChromeTrace {
    private let profile: PlanProfile
    private let title: String

    init(_ profile: PlanProfile, title: String) {
        self.profile = profile
        self.title = title
    }

    func write(to path: String) throws {
        let slices = profile.slices
        let start = slices.first?.startNanoseconds ?? 0
        // Piecemeal: a tree of a long training would be many times the file.
        var writer = JSONWriter()
        writer.append("{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n")
        writer.append(metadata("process_name", thread: 0, "martlet \(title)"))
        for thread in Set(slices.map(\.thread)).sorted() {
            writer.append(",\n")
            let name = thread == 0 ? "caller" : "worker \(thread)"
            writer.append(metadata("thread_name", thread: thread, name))
        }
        for slice in slices {
            writer.append(",\n")
            writer.append(event(slice, since: start))
        }
        writer.append("\n]}\n")
        try AtomicFile.write(writer.bytes, to: path)
    }

    private func metadata(_ kind: String, thread: Int, _ name: String) -> JSONValue {
        [
            "name": .string(kind), "ph": "M", "pid": 1, "tid": .integer(thread),
            "args": ["name": .string(name)],
        ]
    }

    /// Operations and bytes are this thread's share, taking the kernel's parts for equal.
    private func event(_ slice: ProfiledSlice, since start: UInt64) -> JSONValue {
        let kernel = profile.kernels[slice.kernel]
        let share = Double(slice.partCount) / Double(max(kernel.partCount, 1))
        return [
            "name": .string(kernel.name), "cat": .string(kernel.step), "ph": "X", "pid": 1,
            "tid": .integer(slice.thread),
            "ts": .number(Double(slice.startNanoseconds - start) * 1e-3),
            "dur": .number(Double(slice.nanoseconds) * 1e-3),
            "args": [
                "path": .string(kernel.path), "run": .integer(slice.run),
                "parts": .integer(slice.partCount),
                "flops": .number((kernel.cost.operationCount * share).rounded()),
                "bytes": .number((kernel.cost.byteCount * share).rounded()),
            ],
        ]
    }
}
