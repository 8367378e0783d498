/// Rows of token ids of equal length, one row per text.
public struct TokenIDBatch: Sendable, Hashable {
    /// Row after row, `rowCount` × `columnCount`.
    public let ids: [Int32]
    public let rowCount: Int
    public let columnCount: Int

    public subscript(row: Int) -> ArraySlice<Int32> {
        ids[row * columnCount..<(row + 1) * columnCount]
    }
}

extension TextVectorizer {
    /// The token ids of one text, in mode `int`.
    ///
    /// - Returns: `outputSequenceLength` ids, cut or padded with 0; without that option as many
    ///   as the text has tokens.
    /// - Throws: ``TextVectorizationError`` before `adapt` or in another mode.
    public func encode(_ text: String) throws(TextVectorizationError) -> [Int32] {
        try encode([text]).ids
    }

    /// The token ids of texts, in mode `int`, in parallel.
    ///
    /// - Parameter threads: how many threads take part at most; `nil` is one per processor. The
    ///   result does not depend on it.
    /// - Returns: rows of `outputSequenceLength` ids, cut or padded with 0; without that option
    ///   padded to the longest.
    /// - Throws: ``TextVectorizationError`` before `adapt` or in another mode.
    public func encode(
        _ texts: [String], threads: Int? = nil
    ) throws(TextVectorizationError) -> TokenIDBatch {
        let vocabulary = try requireIDs("encode")
        guard let columns = options.outputSequenceLength else {
            return encodeToLongest(texts, vocabulary)
        }
        var ids = [Int32](repeating: 0, count: try elementCount(texts.count, columns))
        ids.withUnsafeMutableBufferPointer { buffer in
            fill(buffer, texts, columns: columns, vocabulary, threads: threads)
        }
        return TokenIDBatch(ids: ids, rowCount: texts.count, columnCount: columns)
    }

    /// Writes the token ids of texts into a buffer of texts × `outputSequenceLength`, without
    /// allocating per text, in parallel.
    ///
    /// - Throws: ``TextVectorizationError`` before `adapt`, in another mode than `int`, without
    ///   `outputSequenceLength`, or if the buffer's size differs; nothing is then written.
    public func encode(
        _ texts: [String], into buffer: UnsafeMutableBufferPointer<Int32>, threads: Int? = nil
    ) throws(TextVectorizationError) {
        let vocabulary = try requireIDs("encode")
        guard let columns = options.outputSequenceLength else { throw .noSequenceLength }
        let expected = try elementCount(texts.count, columns)
        guard buffer.count == expected else {
            throw .bufferSize(
                expected: expected, received: buffer.count, rows: texts.count, columns: columns)
        }
        fill(buffer, texts, columns: columns, vocabulary, threads: threads)
    }

    private func requireIDs(_ method: String) throws(TextVectorizationError) -> Vocabulary {
        guard options.outputMode == .int else {
            throw .wrongOutputMode(
                method: method, expected: "int", mode: options.outputMode.rawValue)
        }
        return try requireVocabulary()
    }

    private func fill(
        _ buffer: UnsafeMutableBufferPointer<Int32>, _ texts: [String], columns: Int,
        _ vocabulary: Vocabulary, threads: Int?
    ) {
        vocabulary.table.withLookup { lookup in
            forEachChunk(of: texts, threads: threads) { rows in
                var scanner = TokenScanner(options: options, limit: columns)
                for row in rows {
                    var column = row * columns
                    let end = column + columns
                    scanner.forEachToken(of: texts[row]) { token in
                        guard column < end else { return false }
                        buffer[column] = id(of: token, lookup, vocabulary)
                        column += 1
                        return true
                    }
                    while column < end {
                        buffer[column] = 0
                        column += 1
                    }
                }
            }
        }
    }

    private func encodeToLongest(_ texts: [String], _ vocabulary: Vocabulary) -> TokenIDBatch {
        var scanner = TokenScanner(options: options)
        var ragged: [Int32] = []
        var ends: [Int] = []
        vocabulary.table.withLookup { lookup in
            for text in texts {
                scanner.forEachToken(of: text) { token in
                    ragged.append(id(of: token, lookup, vocabulary))
                    return true
                }
                ends.append(ragged.count)
            }
        }
        let starts = [0] + ends.dropLast()
        let columns = zip(starts, ends).map { $1 - $0 }.max() ?? 0
        var ids: [Int32] = []
        ids.reserveCapacity(texts.count * columns)
        for (start, end) in zip(starts, ends) {
            ids += ragged[start..<end]
            ids += repeatElement(0, count: columns - (end - start))
        }
        return TokenIDBatch(ids: ids, rowCount: texts.count, columnCount: columns)
    }

    private func id(
        of token: UnsafeBufferPointer<UInt8>, _ lookup: TokenTable.Lookup,
        _ vocabulary: Vocabulary
    ) -> Int32 {
        // The empty token (of a text that is not split) is padding.
        if token.isEmpty { return 0 }
        guard let index = lookup.index(of: token) else { return 1 }
        return Int32(truncatingIfNeeded: vocabulary.firstTokenID + index)
    }

    func elementCount(
        _ rows: Int, _ columns: Int
    ) throws(TextVectorizationError) -> Int {
        let (count, overflow) = rows.multipliedReportingOverflow(by: columns)
        guard !overflow, count <= Int(Int32.max) else {
            throw .outputTooLarge(rows: rows, columns: columns)
        }
        return count
    }
}
