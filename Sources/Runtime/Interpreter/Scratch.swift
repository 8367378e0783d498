/// Working memory of kernels that lives only within one step: one area shared by the parts of a
/// step, and one for each worker.
///
/// Kernels reserve while they are bound and ask for the address when they run, so that one
/// allocation, as large as the hungriest step needs, serves all.
///
/// Unchecked: steps run one after another, and each worker has its own area.
package final class Scratch: @unchecked Sendable {
    private var sharedByteCount = 0
    private var workerByteCount = 0
    private var shared: AlignedBuffer
    private var workers: [AlignedBuffer]

    init(workerCount: Int) throws {
        shared = try AlignedBuffer(byteCount: 64)
        workers = try (0..<max(workerCount, 1)).map { _ in try AlignedBuffer(byteCount: 64) }
    }

    package func reserveShared(byteCount: Int) { sharedByteCount = max(sharedByteCount, byteCount) }

    package func reserveForWorker(byteCount: Int) {
        workerByteCount = max(workerByteCount, byteCount)
    }

    /// Makes what has been reserved available.
    func allocate() throws {
        if shared.byteCount < sharedByteCount {
            shared = try AlignedBuffer(byteCount: sharedByteCount)
        }
        if workers[0].byteCount < workerByteCount {
            workers = try workers.map { _ in try AlignedBuffer(byteCount: workerByteCount) }
        }
    }

    package var sharedBase: UnsafeMutableRawPointer { shared.base }

    package func base(ofWorker worker: Int) -> UnsafeMutableRawPointer { workers[worker].base }
}
