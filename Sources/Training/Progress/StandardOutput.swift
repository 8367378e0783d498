#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Standard output, for reports that nothing depends on.
package enum StandardOutput {
    package static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Writes at once. An output that is closed or full loses the report, not the training.
    @Sendable package static func write(_ text: String) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes {
                #if canImport(Glibc)
                    Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count)
                #else
                    Darwin.write(STDOUT_FILENO, $0.baseAddress, $0.count)
                #endif
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return }
            bytes = bytes.dropFirst(count)
        }
    }
}
