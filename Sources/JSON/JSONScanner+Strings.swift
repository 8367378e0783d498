extension JSONScanner {
    /// Moves past a string in quotes and checks it: no control characters, valid UTF-8, valid
    /// escapes, surrogates only in pairs.
    @inline(__always)
    package mutating func scanText() throws(JSONError) -> Text {
        try expect(0x22, "a string in double quotes")
        let first = position
        var hasEscapes = false
        while true {
            skipPlainBytes()
            guard position < count else {
                throw error("this string is not closed by '\"'", at: first - 1)
            }
            let byte = start[position]
            if byte == 0x22 { break }
            if byte == 0x5C {
                hasEscapes = true
                _ = try scanEscape()
            } else if byte < 0x20 {
                throw unescapedControl(byte)
            } else if byte < 0x80 {
                position += 1
            } else {
                try scanMultibyteScalar()
            }
        }
        position += 1
        return Text(range: first..<(position - 1), hasEscapes: hasEscapes)
    }

    /// Skips bytes that are neither quote, backslash, control nor beyond ASCII, eight at a time.
    @inline(__always)
    private mutating func skipPlainBytes() {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        while position + 8 <= count {
            let word = UnsafeRawPointer(start + position).loadUnaligned(as: UInt64.self)
            let quote = word ^ (ones &* 0x22)
            let backslash = word ^ (ones &* 0x5C)
            let found =
                word | (word &- ones &* 0x20) & ~word
                | (quote &- ones) & ~quote | (backslash &- ones) & ~backslash
            if found & highs != 0 {
                // Borrows only run upwards, so the lowest mark is a true one.
                position += (found & highs).trailingZeroBitCount / 8
                return
            }
            position += 8
        }
    }

    private func unescapedControl(_ byte: UInt8) -> JSONError {
        let digits = String(byte, radix: 16, uppercase: true)
        let code = String(repeating: "0", count: 4 - digits.count) + digits
        return error("control character in a string; write it as \\u\(code)")
    }

    /// Moves past one scalar of two to four bytes (Unicode, table 3-7).
    private mutating func scanMultibyteScalar() throws(JSONError) {
        let lead = start[position]
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch lead {
        case 0xC2...0xDF: length = 2
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: length = 3
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: length = 4
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: throw error("invalid UTF-8; save the file as UTF-8")
        }
        guard position + length <= count, second.contains(start[position + 1]),
            length < 3 || start[position + 2] & 0xC0 == 0x80,
            length < 4 || start[position + 3] & 0xC0 == 0x80
        else { throw error("invalid UTF-8; save the file as UTF-8") }
        position += length
    }

    /// Moves past an escape and returns its scalar.
    private mutating func scanEscape() throws(JSONError) -> Unicode.Scalar {
        let first = position
        position += 1
        let byte = current
        position += 1
        switch byte {
        case 0x22: return "\""
        case 0x5C: return "\\"
        case 0x2F: return "/"
        case 0x62: return "\u{8}"
        case 0x66: return "\u{C}"
        case 0x6E: return "\n"
        case 0x72: return "\r"
        case 0x74: return "\t"
        case 0x75: break
        default:
            throw error(
                "unknown escape; JSON knows \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX",
                at: first)
        }
        let unit = try scanFourDigits(of: first)
        if let scalar = Unicode.Scalar(unit) { return scalar }
        guard unit < 0xDC00, current == 0x5C, position + 1 < count,
            start[position + 1] == 0x75
        else { throw unpairedSurrogate(at: first) }
        position += 2
        let low = try scanFourDigits(of: first)
        guard (0xDC00...0xDFFF).contains(low),
            let scalar = Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
        else { throw unpairedSurrogate(at: first) }
        return scalar
    }

    private func unpairedSurrogate(at offset: Int) -> JSONError {
        error("half of a surrogate pair; write both halves or the character itself", at: offset)
    }

    private mutating func scanFourDigits(of escape: Int) throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            let digit: UInt8
            switch current {
            case let byte where byte >= 0x30 && byte <= 0x39: digit = byte - 0x30
            case let byte where byte >= 0x41 && byte <= 0x46: digit = byte - 0x41 + 10
            case let byte where byte >= 0x61 && byte <= 0x66: digit = byte - 0x61 + 10
            default: throw error("\\u needs four hexadecimal digits", at: escape)
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    // MARK: Scanned text

    /// Lends the bytes of scanned text, escapes resolved.
    @inline(__always)
    package func withBytes<Result>(
        of text: Text, _ body: (UnsafeRawBufferPointer) -> Result
    ) -> Result {
        if !text.hasEscapes {
            return body(
                UnsafeRawBufferPointer(
                    start: start + text.range.lowerBound, count: text.range.count))
        }
        var resolved = string(text)
        return resolved.withUTF8 { body(UnsafeRawBufferPointer($0)) }
    }

    package func string(_ text: Text) -> String {
        let bytes = UnsafeBufferPointer(
            start: start + text.range.lowerBound, count: text.range.count)
        guard text.hasEscapes else { return String(decoding: bytes, as: UTF8.self) }
        var resolved: [UInt8] = []
        resolved.reserveCapacity(bytes.count)
        var cursor = self
        cursor.position = text.range.lowerBound
        while cursor.position < text.range.upperBound {
            let byte = start[cursor.position]
            if byte == 0x5C, let scalar = try? cursor.scanEscape() {
                resolved.append(contentsOf: UTF8.encode(scalar)?.map { $0 } ?? [])
            } else {
                resolved.append(byte)
                cursor.position += 1
            }
        }
        return String(decoding: resolved, as: UTF8.self)
    }

    /// Whether scanned text is `expected`.
    @inline(__always)
    package func text(_ text: Text, equals expected: StaticString) -> Bool {
        withBytes(of: text) {
            haveSameBytes(
                $0,
                UnsafeRawBufferPointer(
                    start: expected.utf8Start, count: expected.utf8CodeUnitCount))
        }
    }
}
