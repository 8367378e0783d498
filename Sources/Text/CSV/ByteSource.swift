import Foundation

/// The bytes of a file, or of text in memory, chunk by chunk.
final class ByteSource {
    /// Never grows: this is all the memory that reading a file takes.
    private static let chunkByteCount = 64 * 1024

    let name: String
    private var descriptor: Int32 = -1
    private var status = stat()
    private var chunk: [UInt8]

    init(text: String, name: String) {
        self.name = name
        chunk = Array(text.utf8)
    }

    /// Opens a regular file. A pipe or a device is refused without waiting for it.
    init(path: String) throws(CSVError) {
        name = path
        chunk = []
        // The operating system would open the part before it.
        guard !path.utf8.contains(0) else {
            throw CSVError(.unreadable("the path contains a NUL byte"), file: path)
        }
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw CSVError(.unreadable(Self.words(errno)), file: path)
        }
        guard fstat(descriptor, &status) == 0 else {
            throw CSVError(.unreadable(Self.words(errno)), file: path)
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: throw CSVError(.isDirectory, file: path)
        default: throw CSVError(.notRegularFile, file: path)
        }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Puts the next bytes into `buffer`, in place of what it holds; leaves it empty at the end.
    func next(_ buffer: inout [UInt8]) throws(CSVError) {
        guard descriptor >= 0 else {
            buffer = chunk
            chunk = []
            return
        }
        if buffer.count != Self.chunkByteCount {
            buffer = Array(repeating: 0, count: Self.chunkByteCount)
        }
        var count = 0
        repeat {
            count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
        } while count < 0 && errno == EINTR
        guard count >= 0 else {
            throw CSVError(.unreadable(Self.words(errno)), file: name)
        }
        buffer.removeLast(buffer.count - count)
        if count == 0 { try checkUnchanged() }
    }

    private func checkUnchanged() throws(CSVError) {
        var now = stat()
        guard fstat(descriptor, &now) == 0,
            now.st_size == status.st_size,
            now.st_mtim.tv_sec == status.st_mtim.tv_sec,
            now.st_mtim.tv_nsec == status.st_mtim.tv_nsec
        else { throw CSVError(.changedWhileReading, file: name) }
    }

    private static func words(_ code: Int32) -> String {
        String(cString: strerror(code)).lowercased()
    }
}
