#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A regular file open for reading at any offset, from any number of threads.
///
/// It is read with `pread`, not mapped: a mapped file that another process truncates ends the
/// reader with a signal.
public final class ReadableFile: Sendable {
    public let path: String
    /// Size when it was opened.
    public let byteCount: Int
    private let descriptor: Int32

    /// Opens `path`. Folders, pipes and devices are refused, without blocking on them.
    public init(path: String) throws(FileError) {
        guard !path.utf8.contains(0) else {
            throw FileError(path: path, message: "a path must not contain a NUL byte")
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .system(path, cannot: "open") }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let error = FileError.system(path, cannot: "examine")
            close(descriptor)
            throw error
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw FileError(path: path, message: "not a regular file")
        }
        self.path = path
        self.descriptor = descriptor
        byteCount = Int(status.st_size)
    }

    deinit { close(descriptor) }

    /// Fills `buffer` from `offset`; an error if the file ends before the buffer does.
    public func read(
        at offset: Int, into buffer: UnsafeMutableRawBufferPointer
    ) throws(FileError) {
        guard let base = buffer.baseAddress else { return }
        var done = 0
        while done < buffer.count {
            let part = min(buffer.count - done, 1 << 30)
            let got = pread(descriptor, base + done, part, off_t(offset + done))
            if got > 0 {
                done += got
            } else if got == 0 {
                throw FileError(
                    path: path,
                    message: "the file ends at byte \(offset + done), but bytes \(offset)..<"
                        + "\(offset + buffer.count) were expected; it was truncated or is "
                        + "being written")
            } else if errno != EINTR {
                throw .system(path, cannot: "read")
            }
        }
    }

    /// Bytes `range` of the file.
    public func bytes(_ range: Range<Int>) throws(FileError) -> [UInt8] {
        var failure: FileError?
        let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
            do throws(FileError) {
                try read(
                    at: range.lowerBound,
                    into: UnsafeMutableRawBufferPointer(
                        rebasing: UnsafeMutableRawBufferPointer(buffer)[..<range.count]))
                count = range.count
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// The whole of the file at `path`, which may hold at most `limit` bytes.
    public static func contents(
        of path: String, limit: Int = 1 << 30
    ) throws(FileError) -> [UInt8] {
        let file = try ReadableFile(path: path)
        guard file.byteCount <= limit else {
            throw FileError(
                path: path,
                message: "the file has \(file.byteCount) bytes; the limit is \(limit)")
        }
        return try file.bytes(0..<file.byteCount)
    }
}
