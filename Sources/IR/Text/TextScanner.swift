/// Tokens of the textual IR, read from UTF-8 bytes. Every position is a byte offset; line and
/// column are found only when an error needs them.
struct TextScanner {
    private let bytes: [UInt8]
    private(set) var position = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    // MARK: Errors

    func error(_ message: String, at position: Int? = nil) -> GraphTextError {
        let position = position ?? self.position
        let before = bytes[..<min(position, bytes.count)]
        let line = before.count { $0 == UInt8(ascii: "\n") } + 1
        let start = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        // Bytes 10xxxxxx continue a character.
        let column = before[start...].count { $0 & 0xC0 != 0x80 } + 1
        return GraphTextError(line: line, column: column, message: message)
    }

    /// "expected …, received …" at the next token.
    mutating func unexpected(_ expected: String) -> GraphTextError {
        skipSpace()
        return error("expected \(expected), received \(preview)")
    }

    /// The start of what comes next, for a message.
    private var preview: String {
        guard position < bytes.count else { return "the end of the text" }
        var end = position + 1
        while end < bytes.count, end - position < 24 {
            let isWord = Self.isWord(bytes[position])
            if isWord ? !Self.isWord(bytes[end]) : bytes[end] & 0xC0 != 0x80 { break }
            end += 1
        }
        return String(decoding: bytes[position..<end], as: UTF8.self).irQuoted
    }

    // MARK: Characters

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) || byte == UInt8(ascii: "_")
    }

    private static func isWord(_ byte: UInt8) -> Bool { isLetter(byte) || isDigit(byte) }

    /// Whether text is a word: the names a symbol may have.
    static func isWord(_ text: String) -> Bool {
        guard let first = text.utf8.first, isLetter(first) else { return false }
        return text.utf8.allSatisfy { isWord($0) }
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    /// Passes over spaces, line ends and `// comments`.
    mutating func skipSpace() {
        while let byte = next {
            switch byte {
            case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\t"), UInt8(ascii: "\r"):
                position += 1
            case UInt8(ascii: "/") where position + 1 < bytes.count && bytes[position + 1] == byte:
                while let byte = next, byte != UInt8(ascii: "\n") { position += 1 }
            default: return
            }
        }
    }

    // MARK: Tokens

    var isAtEnd: Bool {
        mutating get {
            skipSpace()
            return position == bytes.count
        }
    }

    /// The next byte after space, not consumed.
    mutating func peek() -> UInt8? {
        skipSpace()
        return next
    }

    mutating func accept(_ character: Unicode.Scalar) -> Bool {
        guard peek() == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    mutating func expect(_ character: Unicode.Scalar) throws {
        if !accept(character) { throw unexpected("\"\(character)\"") }
    }

    /// A keyword, only if it is the whole next word.
    mutating func accept(word: String) -> Bool {
        skipSpace()
        let end = position + word.utf8.count
        guard end <= bytes.count, bytes[position..<end].elementsEqual(word.utf8),
            end == bytes.count || !Self.isWord(bytes[end])
        else { return false }
        position = end
        return true
    }

    mutating func expect(word: String) throws {
        if !accept(word: word) { throw unexpected("\"\(word)\"") }
    }

    /// Letters, digits and underscores, not starting with a digit.
    mutating func word(_ expected: String) throws -> String {
        skipSpace()
        guard let byte = next, Self.isLetter(byte) else { throw unexpected(expected) }
        return wordCharacters()
    }

    /// A value's name after `%`: letters, digits and underscores.
    mutating func valueName() throws -> String {
        try expect("%")
        guard let byte = next, Self.isWord(byte) else {
            throw error("expected a value's number or name right after \"%\"")
        }
        return wordCharacters()
    }

    private mutating func wordCharacters() -> String {
        let start = position
        while let byte = next, Self.isWord(byte) { position += 1 }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    /// An integer or a number; a word of a number (`nan`, `inf`) is left to the caller.
    enum Number {
        case integer(Int)
        case number(Double)
    }

    var startsNumber: Bool {
        guard let byte = next else { return false }
        return Self.isDigit(byte) || byte == UInt8(ascii: "-")
    }

    mutating func number() throws -> Number {
        skipSpace()
        let start = position
        let isNegative = next == UInt8(ascii: "-")
        if isNegative { position += 1 }
        if isNegative, accept(word: "inf") { return .number(-.infinity) }
        guard let byte = next, Self.isDigit(byte) else {
            throw error("expected a number", at: start)
        }
        skipDigits()
        var isInteger = true
        if next == UInt8(ascii: ".") {
            isInteger = false
            position += 1
            guard let byte = next, Self.isDigit(byte) else {
                throw error("expected a digit after the point")
            }
            skipDigits()
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            isInteger = false
            position += 1
            if next == UInt8(ascii: "-") || next == UInt8(ascii: "+") { position += 1 }
            guard let byte = next, Self.isDigit(byte) else {
                throw error("expected a digit in the exponent")
            }
            skipDigits()
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isInteger {
            guard let integer = Int(text) else {
                throw error("\(Self.shortened(text)) does not fit 64 bits", at: start)
            }
            return .integer(integer)
        }
        guard let number = Double(text), number.isFinite else {
            throw error(
                "\(Self.shortened(text)) does not fit a 64-bit float; write inf for infinity",
                at: start)
        }
        return .number(number)
    }

    private mutating func skipDigits() {
        while let byte = next, Self.isDigit(byte) { position += 1 }
    }

    private static func shortened(_ text: String) -> String {
        text.utf8.count <= 40 ? text : text.prefix(40) + "…"
    }

    mutating func integer(_ expected: String) throws -> Int {
        skipSpace()
        guard startsNumber else { throw unexpected(expected) }
        let start = position
        guard case .integer(let integer) = try number() else {
            throw error("expected \(expected), received a number with a fraction", at: start)
        }
        return integer
    }

    /// The bits of an unusual NaN: `(0x7ff8000000000001)`; nil where no parenthesis follows.
    mutating func nanBits() throws -> Double? {
        guard next == UInt8(ascii: "(") else { return nil }
        position += 1
        let start = position
        let text = wordCharacters()
        guard text.hasPrefix("0x"), let bits = UInt64(text.dropFirst(2), radix: 16),
            Double(bitPattern: bits).isNaN
        else { throw error("expected the bits of a NaN, such as 0x7ff8000000000001", at: start) }
        try expect(")")
        return Double(bitPattern: bits)
    }

    /// Text in double quotes, escapes resolved.
    mutating func quoted(_ expected: String) throws -> String {
        skipSpace()
        guard next == UInt8(ascii: "\"") else { throw unexpected(expected) }
        let start = position
        position += 1
        var content: [UInt8] = []
        while let byte = next {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: content, as: UTF8.self)
            case UInt8(ascii: "\n"):
                throw error("the quoted text does not end on its line; write \\n", at: start)
            case UInt8(ascii: "\\"): try escape(into: &content)
            default: content.append(byte)
            }
        }
        throw error("the quoted text does not end; close it with \"", at: start)
    }

    private mutating func escape(into content: inout [UInt8]) throws {
        let start = position - 1
        let byte = next
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): content.append(byte ?? 0)
        case UInt8(ascii: "n"): content.append(UInt8(ascii: "\n"))
        case UInt8(ascii: "u"):
            if next == UInt8(ascii: "{") {
                position += 1
                let digits = wordCharacters()
                if let code = UInt32(digits, radix: 16), let scalar = Unicode.Scalar(code),
                    next == UInt8(ascii: "}")
                {
                    position += 1
                    content += Array(String(scalar).utf8)
                    return
                }
            }
            fallthrough
        default:
            throw error("unknown escape; known are \\\", \\\\, \\n and \\u{…}", at: start)
        }
    }
}
