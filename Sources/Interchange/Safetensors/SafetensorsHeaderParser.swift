import MartletJSON

extension SafetensorsHeader {
    /// Parses and checks header text in front of `dataByteCount` bytes of data.
    ///
    /// It goes through the text once and builds no tree: hostile headers of 100 MB with two
    /// million names must stay cheap.
    init(
        parsing text: UnsafeRawBufferPointer, dataByteCount: Int, limits: Limits
    ) throws(SafetensorsError) {
        var parser = SafetensorsHeaderParser(
            textByteCount: text.count, dataByteCount: dataByteCount, limits: limits)
        do {
            try parser.parse(text)
        } catch let error as SafetensorsError {
            throw error
        } catch let error as JSONError {
            throw SafetensorsError(
                .headerSyntax,
                "the header is not valid JSON: \(error.message) (byte \(error.byteOffset) of the "
                    + "header)")
        } catch {
            throw SafetensorsError(.headerSyntax, "the header cannot be read: \(error)")
        }
        let index = try parser.makeIndex()
        try Self.checkCoverage(of: parser.tensors, dataByteCount: dataByteCount)
        self.init(
            tensors: parser.tensors, metadata: parser.metadata, index: index,
            dataOffset: Self.lengthByteCount + text.count)
    }
}

/// The state of one pass over a header. Throws `JSONError` for bad syntax, otherwise
/// `SafetensorsError`.
private struct SafetensorsHeaderParser {
    let dataByteCount: Int
    let limits: SafetensorsHeader.Limits
    var tensors: [SafetensorsHeader.Tensor] = []
    var metadata: [(key: String, value: String)] = []
    private var nameHashes: [Int] = []
    private var hasMetadata = false
    /// The dimensions of the tensor at the cursor.
    private var dimensions: [Int] = []

    init(textByteCount: Int, dataByteCount: Int, limits: SafetensorsHeader.Limits) {
        self.dataByteCount = dataByteCount
        self.limits = limits
        // Entries take at least 47 bytes of text. Room that is not used costs nothing, as its
        // pages are never touched; growing would copy.
        tensors.reserveCapacity(textByteCount / 47)
        nameHashes.reserveCapacity(textByteCount / 47)
    }

    mutating func parse(_ text: UnsafeRawBufferPointer) throws {
        guard let base = text.baseAddress, !text.isEmpty else { throw notAnObject(at: 0) }
        var scanner = JSONScanner(
            base.assumingMemoryBound(to: UInt8.self), count: text.count)
        scanner.skipWhitespace()
        guard scanner.current == UInt8(ascii: "{") else {
            throw notAnObject(at: scanner.position)
        }
        try Self.forEachMember(&scanner) { scanner, key in try parseMember(key, &scanner) }
        try scanner.expectEnd()
    }

    private func notAnObject(at position: Int) -> SafetensorsError {
        SafetensorsError(
            .headerNotObject,
            "the header must begin with '{', found something else at byte \(position) of the "
                + "header; this is not a safetensors file")
    }

    private mutating func parseMember(
        _ key: JSONScanner.Text, _ scanner: inout JSONScanner
    ) throws {
        let name = scanner.string(key)
        if scanner.text(key, equals: "__metadata__") {
            guard !hasMetadata else { throw duplicate(name) }
            hasMetadata = true
            return try parseMetadata(&scanner)
        }
        nameHashes.append(scanner.withBytes(of: key) { byteHash(of: $0) })
        tensors.append(try parseTensor(name, &scanner))
    }

    /// The tensors by name. Made in one go at the end: the slots of a long table are cache
    /// misses, of which a loop that does nothing else has many under way at once.
    func makeIndex() throws(SafetensorsError) -> ByteKeyIndex {
        var index = ByteKeyIndex(expectedCount: tensors.count)
        for (position, hash) in nameHashes.enumerated() {
            let first = index.insert(hash: hash) {
                haveSameBytes(tensors[$0].name, tensors[position].name)
            }
            guard first == nil else { throw duplicate(tensors[position].name) }
        }
        return index
    }

    private func duplicate(_ name: String) -> SafetensorsError {
        SafetensorsError(
            .duplicateTensor, "the header names \(name.quotedForMessage()) twice")
    }

    /// Calls `body` for each member of the object at the cursor, which then stands on the value.
    @inline(__always)
    private static func forEachMember(
        _ scanner: inout JSONScanner,
        _ body: (inout JSONScanner, JSONScanner.Text) throws -> Void
    ) throws {
        try scanner.expect(UInt8(ascii: "{"), "'{'")
        scanner.skipWhitespace()
        if scanner.current == UInt8(ascii: "}") {
            scanner.position += 1
            return
        }
        while true {
            let key = try scanner.scanText()
            scanner.skipWhitespace()
            try scanner.expect(UInt8(ascii: ":"), "':' after a key")
            scanner.skipWhitespace()
            try body(&scanner, key)
            scanner.skipWhitespace()
            if scanner.current == UInt8(ascii: "}") { break }
            try scanner.expect(UInt8(ascii: ","), "',' or '}'")
            scanner.skipWhitespace()
        }
        scanner.position += 1
    }
}

// MARK: Metadata

extension SafetensorsHeaderParser {
    private mutating func parseMetadata(_ scanner: inout JSONScanner) throws {
        let begin = scanner.position
        guard scanner.current == UInt8(ascii: "{") else {
            throw SafetensorsError(
                .invalidMetadata, "__metadata__ must be an object of strings")
        }
        var keys = ByteKeyIndex()
        var entries: [(key: String, value: String)] = []
        try Self.forEachMember(&scanner) { scanner, key in
            let name = scanner.string(key)
            guard scanner.current == UInt8(ascii: "\"") else {
                throw SafetensorsError(
                    .invalidMetadata,
                    "__metadata__ \(name.quotedForMessage()) must be a string; nothing may be "
                        + "nested in it")
            }
            let value = scanner.string(try scanner.scanText())
            let isNew =
                keys.insert(hash: byteHash(of: name)) {
                    haveSameBytes(entries[$0].key, name)
                } == nil
            guard isNew else {
                throw SafetensorsError(
                    .invalidMetadata, "__metadata__ has \(name.quotedForMessage()) twice")
            }
            guard scanner.position - begin <= limits.metadataByteCount else {
                throw SafetensorsError(
                    .metadataTooLong,
                    "__metadata__ is longer than the limit of \(limits.metadataByteCount) bytes")
            }
            entries.append((key: name, value: value))
        }
        metadata = entries
    }
}

// MARK: Tensors

extension SafetensorsHeaderParser {
    private mutating func parseTensor(
        _ name: String, _ scanner: inout JSONScanner
    ) throws -> SafetensorsHeader.Tensor {
        let quoted = { name.quotedForMessage() }
        guard scanner.current == UInt8(ascii: "{") else {
            throw SafetensorsError(
                .missingField,
                "tensor \(quoted()): expected an object with dtype, shape and data_offsets")
        }
        var dtype: TensorFileDType?
        var shape: [Int]?
        var offsets: Range<Int>?
        try Self.forEachMember(&scanner) { scanner, key in
            if scanner.text(key, equals: "dtype"), dtype == nil {
                dtype = try parseDType(name, &scanner)
            } else if scanner.text(key, equals: "shape"), shape == nil {
                shape = try parseShape(name, &scanner)
            } else if scanner.text(key, equals: "data_offsets"), offsets == nil {
                offsets = try parseOffsets(name, &scanner)
            } else {
                throw badField(scanner.string(key), of: name)
            }
        }
        guard let dtype, let shape, let offsets else {
            let missing = dtype == nil ? "dtype" : shape == nil ? "shape" : "data_offsets"
            throw SafetensorsError(
                .missingField, "tensor \(quoted()): the field \"\(missing)\" is missing")
        }
        guard let byteCount = dtype.byteCount(of: shape) else {
            throw SafetensorsError(
                .sizeOverflow,
                "tensor \(quoted()): shape \(shape) of \(dtype.rawValue) has more than 2^63 bytes")
        }
        guard byteCount == offsets.count else {
            throw SafetensorsError(
                .sizeMismatch,
                "tensor \(quoted()): shape \(shape) of \(dtype.rawValue) needs \(byteCount) bytes, "
                    + "but data_offsets [\(offsets.lowerBound), \(offsets.upperBound)] hold "
                    + "\(offsets.count)")
        }
        return SafetensorsHeader.Tensor(
            name: name, dtype: dtype, shape: shape, byteRange: offsets)
    }

    private func badField(_ field: String, of name: String) -> SafetensorsError {
        let tensor = "tensor \(name.quotedForMessage())"
        switch field {
        case "dtype", "shape", "data_offsets":
            return SafetensorsError(
                .duplicateField, "\(tensor): the field \"\(field)\" appears twice")
        default:
            return SafetensorsError(
                .unknownField,
                "\(tensor): unknown field \(field.quotedForMessage()); what it changes about the "
                    + "tensor is not known")
        }
    }

    /// The names of the types, each packed into a word: comparing strings would take most of the
    /// time of a long header.
    private static let codes: [(UInt64, TensorFileDType)] = TensorFileDType.allCases.map {
        (Array($0.rawValue.utf8).withUnsafeBytes { packed($0) }, $0)
    }

    /// Up to 7 bytes and their count as one number; 0 for more.
    @inline(__always)
    private static func packed(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        guard bytes.count < 8 else { return 0 }
        return bytes.reduce(UInt64(bytes.count)) { $0 << 8 | UInt64($1) }
    }

    private func parseDType(
        _ name: String, _ scanner: inout JSONScanner
    ) throws -> TensorFileDType {
        let written = try scanner.scanText()
        let code = scanner.withBytes(of: written) { Self.packed($0) }
        for (known, dtype) in Self.codes where known == code { return dtype }
        let text = scanner.string(written)
        let known = TensorFileDType.allCases.map(\.rawValue).joined(separator: ", ")
        throw SafetensorsError(
            .unknownDType,
            "tensor \(name.quotedForMessage()): dtype \(text.quotedForMessage()) is not one of "
                + known)
    }

    /// A shape, whose memory tensors share with the one before where they are alike: that of
    /// two million arrays would be most of what a long header takes.
    private mutating func parseShape(
        _ name: String, _ scanner: inout JSONScanner
    ) throws -> [Int] {
        dimensions.removeAll(keepingCapacity: true)
        try Self.parseIntegers(name, "shape", .invalidDimension, &scanner) {
            dimensions.append($0)
        }
        if let last = tensors.last, last.shape == dimensions { return last.shape }
        // Not `dimensions` itself, which may have room for a longer shape before.
        return dimensions.map(\.self)
    }

    private func parseOffsets(
        _ name: String, _ scanner: inout JSONScanner
    ) throws -> Range<Int> {
        var begin = 0
        var end = 0
        var count = 0
        try Self.parseIntegers(name, "data_offsets", .invalidOffsets, &scanner) { value in
            if count == 0 { begin = value } else { end = value }
            count += 1
        }
        let tensor = { "tensor \(name.quotedForMessage())" }
        guard count == 2 else {
            throw SafetensorsError(
                .invalidOffsets,
                "\(tensor()): data_offsets must be [begin, end], found \(count) numbers")
        }
        guard begin <= end else {
            throw SafetensorsError(
                .reversedOffsets,
                "\(tensor()): data_offsets [\(begin), \(end)] end before they begin")
        }
        guard end <= dataByteCount else {
            throw SafetensorsError(
                .offsetsBeyondFile,
                "\(tensor()): data_offsets [\(begin), \(end)] reach beyond the file, which has "
                    + "\(dataByteCount) bytes of data; it was truncated")
        }
        return begin..<end
    }

    /// Calls `body` with each number of an array of whole numbers that are not negative and were
    /// written as such.
    @inline(__always)
    private static func parseIntegers(
        _ name: String, _ field: String, _ code: SafetensorsError.Code,
        _ scanner: inout JSONScanner, _ body: (Int) -> Void
    ) throws {
        try scanner.expect(UInt8(ascii: "["), "'['")
        scanner.skipWhitespace()
        if scanner.current == UInt8(ascii: "]") {
            scanner.position += 1
            return
        }
        while true {
            let begin = scanner.position
            guard case .integer(let number) = try scanner.scanNumber(), number >= 0,
                let value = Int(exactly: number)
            else {
                let written = scanner.string(
                    JSONScanner.Text(range: begin..<scanner.position, hasEscapes: false))
                throw SafetensorsError(
                    code,
                    "tensor \(name.quotedForMessage()): \(field) has \(written); expected a whole "
                        + "number from 0 to 2^63 - 1, written without '.' or 'e'")
            }
            body(value)
            scanner.skipWhitespace()
            if scanner.current == UInt8(ascii: "]") { break }
            try scanner.expect(UInt8(ascii: ","), "',' or ']'")
            scanner.skipWhitespace()
        }
        scanner.position += 1
    }
}
