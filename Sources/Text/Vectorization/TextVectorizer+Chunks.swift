import Dispatch
import Foundation

extension TextVectorizer {
    /// Texts below this many bytes are not worth another thread.
    private static let bytesPerThread = 64 * 1024

    /// Runs `body` on ranges that together are all texts, on several threads if there is
    /// enough to do. The ranges have about equal numbers of texts.
    func forEachChunk(
        of texts: [String], threads: Int?, _ body: @escaping (Range<Int>) -> Void
    ) {
        let byteCount = texts.reduce(0) { $0 + $1.utf8.count }
        let most = max(1, threads ?? ProcessInfo.processInfo.activeProcessorCount)
        let chunks = min(most, max(1, byteCount / Self.bytesPerThread), max(1, texts.count))
        guard chunks > 1 else { return body(0..<texts.count) }
        // Safe to share: the ranges are disjoint, each writes its own rows only, and
        // `concurrentPerform` returns after the last.
        nonisolated(unsafe) let body = body
        DispatchQueue.concurrentPerform(iterations: chunks) { chunk in
            body(texts.count * chunk / chunks..<texts.count * (chunk + 1) / chunks)
        }
    }
}
