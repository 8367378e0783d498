#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Replaces a file whole or not at all.
///
/// The bytes go to a temporary file in the same folder, which is flushed to the disk, renamed
/// over the old file, and made durable by flushing the folder. Whatever fails or whenever the
/// process dies, the path holds either the old contents or the new.
public struct AtomicFile: ~Copyable {
    public let path: String
    /// Bytes written so far.
    public private(set) var byteCount = 0
    private let folder: String
    private let temporaryPath: String
    private var descriptor: Int32

    /// Writes what `body` appends to `path`, or throws and leaves `path` as it was.
    public static func write(
        to path: String, _ body: (inout AtomicFile) throws -> Void
    ) throws {
        var file = try create(beside: path)
        try body(&file)
        try file.commit()
    }

    /// Replaces the contents of `path` by `bytes`.
    public static func write(_ bytes: [UInt8], to path: String) throws {
        try write(to: path) { file in
            try bytes.withUnsafeBytes { try file.append($0) }
        }
    }

    private init(path: String, folder: String, temporaryPath: String, descriptor: Int32) {
        self.path = path
        self.folder = folder
        self.temporaryPath = temporaryPath
        self.descriptor = descriptor
    }

    private static func create(beside path: String) throws(FileError) -> AtomicFile {
        guard !path.utf8.contains(0) else {
            throw FileError(path: path, message: "a path must not contain a NUL byte")
        }
        let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        let name = slash.map { String(path[path.utf8.index(after: $0)...]) } ?? path
        let folder = slash.map { String(path[...$0]) } ?? "./"
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<16 {
            let number = String(generator.next() as UInt64, radix: 36)
            let temporaryPath = "\(folder).\(name).\(number).tmp"
            let descriptor = open(
                temporaryPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
            if descriptor >= 0 {
                return AtomicFile(
                    path: path, folder: folder, temporaryPath: temporaryPath,
                    descriptor: descriptor)
            }
            if errno != EEXIST { break }
        }
        throw .system(path, cannot: "create a file beside")
    }

    deinit {
        // Still open: the body threw.
        if descriptor >= 0 {
            close(descriptor)
            unlink(temporaryPath)
        }
    }

    /// Appends all of `bytes`.
    public mutating func append(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        guard let base = bytes.baseAddress else { return }
        var done = 0
        while done < bytes.count {
            let put = Self.writeSome(descriptor, base + done, min(bytes.count - done, 1 << 30))
            if put >= 0 {
                done += put
            } else if errno != EINTR {
                throw .system(path, cannot: "write")
            }
        }
        byteCount += bytes.count
    }

    private static func writeSome(
        _ descriptor: Int32, _ base: UnsafeRawPointer, _ count: Int
    ) -> Int {
        #if canImport(Glibc)
            Glibc.write(descriptor, base, count)
        #else
            Darwin.write(descriptor, base, count)
        #endif
    }

    private mutating func commit() throws(FileError) {
        guard fsync(descriptor) == 0 else { throw .system(path, cannot: "flush") }
        let closing = descriptor
        descriptor = -1
        guard close(closing) == 0 else { throw discard("close") }
        guard rename(temporaryPath, path) == 0 else { throw discard("rename a file to") }
        let parent = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard parent >= 0 else { throw .system(path, cannot: "open the folder of") }
        defer { close(parent) }
        guard fsync(parent) == 0 else { throw .system(path, cannot: "flush the folder of") }
    }

    private func discard(_ action: String) -> FileError {
        let error = FileError.system(path, cannot: action)
        unlink(temporaryPath)
        return error
    }
}
