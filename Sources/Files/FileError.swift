#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A file operation that failed, with the system's reason.
public struct FileError: Error, Hashable, Sendable, CustomStringConvertible {
    public let path: String
    /// What was being done, and what went wrong with it.
    public let message: String
    /// The system's error number; 0 where the fault is not a failed call.
    public let systemErrorNumber: Int32

    public init(path: String, message: String, systemErrorNumber: Int32 = 0) {
        self.path = path
        self.message = message
        self.systemErrorNumber = systemErrorNumber
    }

    public var description: String { "\(path): \(message)" }

    /// The error of a call that has just failed.
    package static func system(_ path: String, cannot action: String) -> FileError {
        let number = errno
        let reason = strerror(number).map { String(cString: $0) } ?? "error \(number)"
        return FileError(
            path: path, message: "cannot \(action): \(reason)", systemErrorNumber: number)
    }
}
