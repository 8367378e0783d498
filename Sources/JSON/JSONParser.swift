extension JSONValue {
    /// Parses a whole document: strict RFC 8259, UTF-8, no repeated keys, nothing after the end.
    public init(
        parsing bytes: UnsafeRawBufferPointer, limits: JSONLimits = JSONLimits()
    ) throws(JSONError) {
        guard bytes.count <= limits.byteCount else {
            throw JSONError(
                message: "the document has \(bytes.count) bytes; the limit is "
                    + "\(limits.byteCount)", byteOffset: limits.byteCount, line: 1, column: 1)
        }
        self = try JSONScanner.scan(bytes) { scanner throws(JSONError) in
            scanner.skipByteOrderMark()
            scanner.skipWhitespace()
            let value = try scanner.parseValue(depthLeft: limits.depth, limit: limits.depth)
            try scanner.expectEnd()
            return value
        }
    }

    public init(parsing bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) {
        var result: Result<JSONValue, JSONError> = .success(.null)
        bytes.withUnsafeBytes { buffer in
            do throws(JSONError) {
                result = .success(try JSONValue(parsing: buffer, limits: limits))
            } catch {
                result = .failure(error)
            }
        }
        self = try result.get()
    }

    public init(parsing text: String, limits: JSONLimits = JSONLimits()) throws(JSONError) {
        self = try JSONValue(parsing: Array(text.utf8), limits: limits)
    }
}

extension JSONScanner {
    /// Files saved by some editors begin with one; RFC 8259 lets a parser ignore it.
    package mutating func skipByteOrderMark() {
        if count >= 3, start[0] == 0xEF, start[1] == 0xBB, start[2] == 0xBF { position = 3 }
    }

    /// Parses the value at the cursor, which stands on its first byte.
    package mutating func parseValue(depthLeft: Int, limit: Int) throws(JSONError) -> JSONValue {
        switch current {
        case 0x22: return .string(string(try scanText()))
        case 0x7B: return try parseObject(depthLeft: depthLeft - 1, limit: limit)
        case 0x5B: return try parseArray(depthLeft: depthLeft - 1, limit: limit)
        case 0x74:
            try scanWord("true")
            return .bool(true)
        case 0x66:
            try scanWord("false")
            return .bool(false)
        case 0x6E:
            try scanWord("null")
            return .null
        default:
            switch try scanNumber() {
            case .integer(let value): return .integer(value)
            case .number(let value): return .number(value)
            case .largeInteger(let digits):
                return .largeInteger(string(Text(range: digits, hasEscapes: false)))
            }
        }
    }

    private mutating func parseArray(depthLeft: Int, limit: Int) throws(JSONError) -> JSONValue {
        guard depthLeft >= 0 else { throw tooDeep(limit) }
        position += 1
        skipWhitespace()
        var values: [JSONValue] = []
        if current == 0x5D {
            position += 1
            return .array(values)
        }
        while true {
            values.append(try parseValue(depthLeft: depthLeft, limit: limit))
            skipWhitespace()
            if current == 0x5D { break }
            try expect(0x2C, "',' or ']'")
            skipWhitespace()
        }
        position += 1
        return .array(values)
    }

    private mutating func parseObject(depthLeft: Int, limit: Int) throws(JSONError) -> JSONValue {
        guard depthLeft >= 0 else { throw tooDeep(limit) }
        position += 1
        skipWhitespace()
        var object = JSONObject()
        if current == 0x7D {
            position += 1
            return .object(object)
        }
        while true {
            let keyPosition = position
            let key = string(try scanText())
            skipWhitespace()
            try expect(0x3A, "':' after a key")
            skipWhitespace()
            let value = try parseValue(depthLeft: depthLeft, limit: limit)
            guard object.append(JSONObject.Member(key: key, value: value)) else {
                throw error(
                    "the key \(key.quotedForMessage()) appears twice in one object; remove one",
                    at: keyPosition)
            }
            skipWhitespace()
            if current == 0x7D { break }
            try expect(0x2C, "',' or '}'")
            skipWhitespace()
        }
        position += 1
        return .object(object)
    }

    private func tooDeep(_ limit: Int) -> JSONError {
        error("arrays and objects are nested more than \(limit) deep")
    }
}
