/// The rows of a byte source by RFC 4180, without regard to headers or numbers of fields.
///
/// Memory is one chunk and one row. A byte order mark is skipped; lines end at LF, CRLF or CR;
/// the last line need not end. Blank lines hold no row, except where rows have one field.
struct CSVParser {
    private enum State {
        case fieldStart, unquoted, quoted, afterQuote
    }

    private enum ASCII {
        static let newline: UInt8 = 0x0A
        static let carriageReturn: UInt8 = 0x0D
        static let quote: UInt8 = 0x22
    }

    /// Set once the first row is known: where it is 1, a blank line is a row.
    var fieldCount: Int?

    private let source: ByteSource
    private let options: CSVOptions
    private let delimiter: UInt8
    private var chunk: [UInt8] = []
    private var index = 0
    private var checker = UTF8Checker()
    private var scalarStart = CSVPosition.start
    /// The position of the last byte, and of the next.
    private var here = CSVPosition.start
    private var next = CSVPosition.start
    private var lastByte: UInt8 = 0
    private var firstByte: UInt8 = 0
    /// The last row ended with a CR, whose LF may still come.
    private var mayFollowReturn = false

    private var fields: [String] = []
    private var positions: [CSVPosition] = []
    private var field: [UInt8] = []
    private var fieldPosition = CSVPosition.start

    init(_ source: ByteSource, _ options: CSVOptions) {
        self.source = source
        self.options = options
        delimiter = UInt8(truncatingIfNeeded: options.delimiter.value)
    }

    /// The fields of the next row and where they begin; `nil` at the end.
    mutating func row() throws(CSVError) -> (fields: [String], positions: [CSVPosition])? {
        fields = []
        positions = []
        beginField()
        var state = State.fieldStart
        while let byte = try readByte() {
            // The LF of a CRLF belongs to the line that the CR ended.
            let isRestOfLineBreak = mayFollowReturn && byte == ASCII.newline
            mayFollowReturn = false
            if isRestOfLineBreak {
                beginField()
                continue
            }
            switch state {
            case .quoted:
                if byte == ASCII.quote { state = .afterQuote } else { try append(byte) }
                continue
            case .afterQuote where byte == ASCII.quote:
                state = .quoted
                try append(byte)
                continue
            case .fieldStart where byte == ASCII.quote:
                state = .quoted
                fieldPosition = here
                continue
            case .fieldStart, .unquoted, .afterQuote: break
            }
            if byte == delimiter {
                try endField()
                beginField()
                state = .fieldStart
            } else if byte == ASCII.newline || byte == ASCII.carriageReturn {
                mayFollowReturn = byte == ASCII.carriageReturn
                if state == .fieldStart, fields.isEmpty, fieldCount != 1 {
                    beginField()
                    continue
                }
                try endField()
                return (fields, positions)
            } else if state == .afterQuote {
                throw error(.textAfterQuote, at: here)
            } else if byte == ASCII.quote {
                throw error(.quoteInsideField, at: here)
            } else {
                state = .unquoted
                try append(byte)
            }
        }
        return try endOfFile(state)
    }

    private mutating func endOfFile(
        _ state: State
    ) throws(CSVError) -> (fields: [String], positions: [CSVPosition])? {
        if state == .quoted { throw error(.unclosedQuote, at: fieldPosition) }
        if state == .fieldStart, fields.isEmpty { return nil }
        try endField()
        return (fields, positions)
    }

    private mutating func beginField() {
        field.removeAll(keepingCapacity: true)
        fieldPosition = next
    }

    private mutating func endField() throws(CSVError) {
        guard fields.count < options.maximumFieldCount else {
            throw error(.tooManyFields(limit: options.maximumFieldCount), at: fieldPosition)
        }
        // Every byte went through the checker, so nothing is replaced here.
        fields.append(String(decoding: field, as: UTF8.self))
        positions.append(fieldPosition)
    }

    private mutating func append(_ byte: UInt8) throws(CSVError) {
        guard field.count < options.maximumFieldByteCount else {
            throw error(
                .fieldTooLong(limit: options.maximumFieldByteCount), at: fieldPosition)
        }
        field.append(byte)
    }
}

extension CSVParser {
    /// The next byte, known to be text, with the position kept; `nil` at the end.
    private mutating func readByte() throws(CSVError) -> UInt8? {
        if index == chunk.count {
            let isFirst = next.byteOffset == 0
            try source.next(&chunk)
            index = 0
            if isFirst, chunk.starts(with: [0xEF, 0xBB, 0xBF]) {
                index = 3
                next.byteOffset = 3
                fieldPosition = next
            }
            guard index < chunk.count else {
                if checker.pending > 0 { throw malformed() }
                return nil
            }
        }
        let byte = chunk[index]
        index += 1
        try check(byte)
        advance(past: byte)
        return byte
    }

    private mutating func check(_ byte: UInt8) throws(CSVError) {
        if byte >= 0x80 || checker.pending > 0 {
            if checker.pending == 0 {
                scalarStart = next
                firstByte = byte
            }
            guard checker.accept(byte) else { throw malformed() }
        } else if byte == 0 {
            throw error(.nul, at: next)
        }
    }

    /// Moves the position past a byte. Inside quotes too, CRLF is one line break.
    private mutating func advance(past byte: UInt8) {
        here = next
        next.byteOffset += 1
        if byte == ASCII.newline, lastByte == ASCII.carriageReturn {
            next.column = 1
        } else if byte == ASCII.newline || byte == ASCII.carriageReturn {
            next.line += 1
            next.column = 1
        } else if byte & 0xC0 != 0x80 {
            next.column += 1
        }
        lastByte = byte
    }

    private func malformed() -> CSVError {
        error(.invalidUTF8(byte: firstByte), at: scalarStart)
    }

    private func error(_ reason: CSVError.Reason, at position: CSVPosition) -> CSVError {
        CSVError(reason, file: source.name, position: position)
    }
}
