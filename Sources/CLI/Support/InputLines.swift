import Glibc

/// The lines of standard input, read as they come.
struct InputLines {
    private var rest: [UInt8] = []
    private var isAtEnd = false
    /// Lines read so far.
    private(set) var count = 0

    /// The next lines, at most `limit`; none at the end. Lines end with LF or CRLF, the last one
    /// perhaps with neither.
    ///
    /// - Throws: `UserError` with its number for a line that is not UTF-8.
    mutating func next(_ limit: Int) throws -> [String] {
        var lines: [String] = []
        while lines.count < limit {
            guard let end = rest.firstIndex(of: 0x0A) else {
                if !isAtEnd {
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

    private mutating func fill() {
        // As much as there is: a line typed at a terminal is not kept waiting for more.
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

/// Lines as texts or pairs of texts.
struct TextLines {
    var first: [String] = []
    /// Of each line the text after its tab.
    var second: [String?] = []

    var count: Int { first.count }

    init() {}

    /// - Parameter number: of the first line, for messages.
    /// - Throws: `UserError` for a line with more than one tab.
    init(_ lines: [String], number: Int) throws {
        for (index, line) in lines.enumerated() {
            let texts = line.split(separator: "\t", omittingEmptySubsequences: false)
            guard texts.count <= 2 else {
                throw UserError(
                    "standard input, line \(number + index): \(texts.count) texts separated by "
                        + "tabs; expected one, or two for a pair")
            }
            first.append(texts.first.map(String.init) ?? "")
            second.append(texts.count == 2 ? String(texts[1]) : nil)
        }
    }

    mutating func append(_ other: TextLines) {
        first += other.first
        second += other.second
    }
}
