/// Rows of bag-of-words features, one row per text and one column per vocabulary entry.
public struct TokenFeatureBatch: Sendable, Hashable {
    /// Row after row, `rowCount` × `columnCount`.
    public let values: [Float]
    public let rowCount: Int
    public let columnCount: Int

    public subscript(row: Int) -> ArraySlice<Float> {
        values[row * columnCount..<(row + 1) * columnCount]
    }
}

extension TextVectorizer {
    /// The number of columns of ``features(of:threads:)``: the vocabulary's size, or
    /// `maxTokens` with the option `padToMaxTokens`.
    public var featureCount: Int {
        options.padToMaxTokens ? options.maxTokens ?? vocabularySize : vocabularySize
    }

    /// The bag-of-words features of texts, in the modes `multiHot`, `count` and `tfIDF`.
    ///
    /// - Parameter threads: how many threads take part at most; `nil` is one per processor. The
    ///   result does not depend on it.
    /// - Throws: ``TextVectorizationError`` before `adapt` or in mode `int`.
    public func features(
        of texts: [String], threads: Int? = nil
    ) throws(TextVectorizationError) -> TokenFeatureBatch {
        let vocabulary = try requireFeatures()
        let columns = featureCount
        var values = [Float](repeating: 0, count: try elementCount(texts.count, columns))
        values.withUnsafeMutableBufferPointer { buffer in
            fill(buffer, texts, columns: columns, vocabulary, threads: threads)
        }
        return TokenFeatureBatch(values: values, rowCount: texts.count, columnCount: columns)
    }

    /// Writes the bag-of-words features of texts into a buffer of texts × ``featureCount``.
    ///
    /// - Throws: ``TextVectorizationError`` before `adapt`, in mode `int`, or if the buffer's
    ///   size differs; nothing is then written.
    public func features(
        of texts: [String], into buffer: UnsafeMutableBufferPointer<Float>, threads: Int? = nil
    ) throws(TextVectorizationError) {
        let vocabulary = try requireFeatures()
        let columns = featureCount
        let expected = try elementCount(texts.count, columns)
        guard buffer.count == expected else {
            throw .bufferSize(
                expected: expected, received: buffer.count, rows: texts.count, columns: columns)
        }
        buffer.update(repeating: 0)
        fill(buffer, texts, columns: columns, vocabulary, threads: threads)
    }

    private func requireFeatures() throws(TextVectorizationError) -> Vocabulary {
        guard options.outputMode != .int else {
            throw .wrongOutputMode(
                method: "features", expected: "multi_hot, count or tf_idf", mode: "int")
        }
        return try requireVocabulary()
    }

    /// Adds the features of the texts to a buffer of zeros.
    private func fill(
        _ buffer: UnsafeMutableBufferPointer<Float>, _ texts: [String], columns: Int,
        _ vocabulary: Vocabulary, threads: Int?
    ) {
        let isMultiHot = options.outputMode == .multiHot
        vocabulary.table.withLookup { lookup in
            forEachChunk(of: texts, threads: threads) { rows in
                var scanner = TokenScanner(options: options)
                for row in rows {
                    let start = row * columns
                    scanner.forEachToken(of: texts[row]) { token in
                        guard !token.isEmpty else { return true }
                        let index = lookup.index(of: token)
                        let column = start + (index.map { vocabulary.firstTokenID + $0 } ?? 0)
                        buffer[column] = isMultiHot ? 1 : buffer[column] + 1
                        return true
                    }
                    for (id, weight) in vocabulary.idfWeights.enumerated() {
                        buffer[start + id] *= weight
                    }
                }
            }
        }
    }
}
