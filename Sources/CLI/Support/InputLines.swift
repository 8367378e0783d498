import Glibc

/// The lines of standard input, read as they come.
struct InputLines {
    /// How long lines already here wait for more: a file or a fast pipe fills large parts, and
    /// whoever writes a line and waits has an answer.
    private static let patienceMilliseconds: Int32 = 50

    private var rest: [UInt8] = []
    private var isAtEnd = false
    /// Lines read so far.
    private(set) var count = 0

    /// The next lines, at most `limit`, fewer where more are slow to come; none at the end. Lines
    /// end with LF or CRLF, the last one perhaps with neither.
    ///
    /// - Throws: `UserError` with its number for a line that is not UTF-8.
    mutating func next(_ limit: Int) throws -> [String] {
        var lines: [String] = []
        while lines.count < limit {
            guard let end = rest.firstIndex(of: 0x0A) else {
                if !isAtEnd {
                    if !lines.isEmpty && !hasMore { break }
                    fill()
                    continue
                }
                if !rest.isEmpty {
                    lines.append(try line(rest[...]))
                    rest = []
                }
                break
            }
            lines.append(try line(rest[..<end]))
            rest.removeSubrange(...end)
        }
        return lines
    }

    private var hasMore: Bool {
        var input = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        return poll(&input, 1, Self.patienceMilliseconds) > 0
    }

    private mutating func fill() {
        let bytes = [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, count in
            var length = read(STDIN_FILENO, buffer.baseAddress, buffer.count)
            while length < 0, errno == EINTR {
                length = read(STDIN_FILENO, buffer.baseAddress, buffer.count)
            }
            count = max(length, 0)
        }
        isAtEnd = bytes.isEmpty
        rest.append(contentsOf: bytes)
    }

    private mutating func line(_ bytes: ArraySlice<UInt8>) throws -> String {
        count += 1
        let text = bytes.last == 0x0D ? bytes.dropLast() : bytes
        guard let line = String(validating: text, as: UTF8.self) else {
            throw UserError(
                "standard input, line \(count): the bytes are not UTF-8; convert the text first")
        }
        return line
    }
}
