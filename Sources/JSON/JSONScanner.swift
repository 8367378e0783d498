/// A cursor over the bytes of a JSON document: tokens without a tree.
///
/// It borrows the bytes, so it must not outlive the closure that lent them.
package struct JSONScanner {
    package let start: UnsafePointer<UInt8>
    package let count: Int
    package var position = 0

    /// Text between quotes, as positions in the document.
    package struct Text {
        package let range: Range<Int>
        package let hasEscapes: Bool

        package init(range: Range<Int>, hasEscapes: Bool) {
            self.range = range
            self.hasEscapes = hasEscapes
        }
    }

    package init(_ start: UnsafePointer<UInt8>, count: Int) {
        self.start = start
        self.count = count
    }

    /// Runs `body` on a scanner over `bytes`.
    package static func scan<Result>(
        _ bytes: UnsafeRawBufferPointer,
        _ body: (inout JSONScanner) throws(JSONError) -> Result
    ) throws(JSONError) -> Result {
        guard let base = bytes.baseAddress, !bytes.isEmpty else {
            throw JSONError(
                message: "the document is empty; expected a value", byteOffset: 0, line: 1,
                column: 1)
        }
        var scanner = JSONScanner(
            base.assumingMemoryBound(to: UInt8.self), count: bytes.count)
        return try body(&scanner)
    }

    /// The byte at the cursor; 0, which no JSON document may hold, at the end.
    @inline(__always)
    package var current: UInt8 { position < count ? start[position] : 0 }

    package var isAtEnd: Bool { position >= count }

    @inline(__always)
    package mutating func skipWhitespace() {
        while position < count {
            switch start[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    /// Moves past `byte`, which `purpose` tells the reader of a message about.
    @inline(__always)
    package mutating func expect(_ byte: UInt8, _ purpose: StaticString) throws(JSONError) {
        guard position < count, start[position] == byte else { throw unexpected(purpose) }
        position += 1
    }

    package mutating func expectEnd() throws(JSONError) {
        skipWhitespace()
        guard position == count else {
            throw error(
                "there is more after the document's end, beginning with \(describeCurrent()); "
                    + "remove it")
        }
    }

    package mutating func scanWord(_ word: StaticString) throws(JSONError) {
        let length = word.utf8CodeUnitCount
        guard position + length <= count,
            haveSameBytes(
                UnsafeRawBufferPointer(start: start + position, count: length),
                UnsafeRawBufferPointer(start: word.utf8Start, count: length))
        else { throw unexpected("a value") }
        position += length
    }

    // MARK: Errors

    /// An error at the cursor, or at `offset`.
    package func error(_ message: String, at offset: Int? = nil) -> JSONError {
        let offset = min(offset ?? position, count)
        var line = 1
        var column = 1
        for i in 0..<offset {
            if start[i] == 0x0A {
                line += 1
                column = 1
            } else if start[i] & 0xC0 != 0x80 {
                column += 1
            }
        }
        return JSONError(message: message, byteOffset: offset, line: line, column: column)
    }

    package func unexpected(_ expected: StaticString) -> JSONError {
        error("expected \(expected), found \(describeCurrent())")
    }

    private func describeCurrent() -> String {
        guard position < count else { return "the end of the document" }
        let byte = start[position]
        if byte > 0x20, byte < 0x7F { return "'\(Character(Unicode.Scalar(byte)))'" }
        let digits = String(byte, radix: 16, uppercase: true)
        return "byte 0x" + (byte < 16 ? "0" : "") + digits
    }
}
