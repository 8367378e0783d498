extension MemoryProblem {
    private static let header =
        "name,first_use,last_use,byte_count,alignment_byte_count,sharing"

    /// One row for each buffer under a header. `sharing` is empty, `may 3 7` or `must 3`, where the
    /// numbers count rows from 0. Names are quoted where RFC 4180 asks for it.
    public var csv: String {
        var text = Self.header + "\n"
        for buffer in buffers {
            let sharing =
                switch buffer.sharing {
                case .own: ""
                case .may(let others): (["may"] + others.map(String.init)).joined(separator: " ")
                case .must(let other): "must \(other)"
                }
            text += "\(Self.quoted(buffer.name)),\(buffer.firstUse),\(buffer.lastUse),"
            text += "\(buffer.byteCount),\(buffer.alignmentByteCount),\(sharing)\n"
        }
        return text
    }

    private static func quoted(_ name: String) -> String {
        guard name.unicodeScalars.contains(where: { "\",\r\n".unicodeScalars.contains($0) })
        else { return name }
        return "\""
            + name.split(separator: "\"", omittingEmptySubsequences: false)
            .joined(separator: "\"\"") + "\""
    }

    /// Reads what `csv` writes.
    ///
    /// - Throws: `MemoryPlanError.badFile` with the line, or what `init(buffers:)` throws.
    public init(csv text: String) throws {
        var rows = try CSVRow.rows(of: text)[...]
        guard let first = rows.popFirst(), first.fields.joined(separator: ",") == Self.header
        else {
            throw MemoryPlanError.badFile(line: 1, reason: "expected the header \(Self.header)")
        }
        try self.init(buffers: rows.map { try $0.buffer() })
    }
}

private struct CSVRow {
    var line: Int
    var fields: [String]

    func buffer() throws -> MemoryBuffer {
        guard fields.count == 6 else {
            throw MemoryPlanError.badFile(
                line: line, reason: "\(fields.count) fields; a row has 6")
        }
        return MemoryBuffer(
            name: fields[0], byteCount: try integer(fields[3]), firstUse: try integer(fields[1]),
            lastUse: try integer(fields[2]), alignmentByteCount: try integer(fields[4]),
            sharing: try sharing(fields[5]))
    }

    private func integer(_ field: some StringProtocol) throws -> Int {
        guard let value = Int(field) else {
            throw MemoryPlanError.badFile(line: line, reason: "\"\(field)\" is not an integer")
        }
        return value
    }

    private func sharing(_ field: String) throws -> MemoryBuffer.Sharing {
        let words = field.split(separator: " ")
        let others = try words.dropFirst().map { try integer($0) }
        switch (words.first, others.count) {
        case (nil, _): return .own
        case ("may", 1...): return .may(others)
        case ("must", 1): return .must(others[0])
        default:
            throw MemoryPlanError.badFile(
                line: line,
                reason: "\"\(field)\" is no sharing; expected nothing, \"may 3 7\" or \"must 3\"")
        }
    }

    /// Fields as RFC 4180 has them: quoted ones may hold commas, doubled quotes and line ends.
    static func rows(of text: String) throws -> [CSVRow] {
        var rows: [CSVRow] = []
        var line = 1
        var row = CSVRow(line: line, fields: [])
        var field: [UInt8] = []
        var isQuoted = false
        var bytes = Array(text.utf8)[...]
        if bytes.last.map({ $0 != UInt8(ascii: "\n") }) ?? false {
            bytes.append(UInt8(ascii: "\n"))
        }
        while let byte = bytes.popFirst() {
            switch byte {
            case UInt8(ascii: "\"") where isQuoted && bytes.first == byte:
                bytes.removeFirst()
                field.append(byte)
            case UInt8(ascii: "\""):
                isQuoted.toggle()
            case UInt8(ascii: ",") where !isQuoted:
                row.fields.append(String(decoding: field, as: UTF8.self))
                field = []
            case UInt8(ascii: "\r") where !isQuoted && bytes.first == UInt8(ascii: "\n"):
                continue
            case UInt8(ascii: "\n") where !isQuoted:
                row.fields.append(String(decoding: field, as: UTF8.self))
                rows.append(row)
                line += 1
                row = CSVRow(line: line, fields: [])
                field = []
            default:
                if byte == UInt8(ascii: "\n") { line += 1 }
                field.append(byte)
            }
        }
        guard !isQuoted else {
            throw MemoryPlanError.badFile(line: row.line, reason: "a quoted field does not end")
        }
        return rows
    }
}
