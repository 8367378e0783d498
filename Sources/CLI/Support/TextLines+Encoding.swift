import Martlet

extension TextLines {
    /// The encodings in the order of the lines; single texts and pairs may be mixed.
    ///
    /// - Throws: `UserError` with the line's number.
    func encode(
        _ tokenizer: WordPieceTokenizer, _ options: EncodingOptions, number: Int,
        threadCount: Int? = nil
    ) throws -> [TokenEncoding] {
        let singles = first.indices.filter { second[$0] == nil }
        let pairs = first.indices.filter { second[$0] != nil }
        var encodings = [TokenEncoding?](repeating: nil, count: count)
        do throws(TokenizerError) {
            let alone = try tokenizer.encode(
                singles.map { first[$0] }, options: options, threadCount: threadCount)
            let paired = try tokenizer.encode(
                pairs.map { first[$0] }, pairs: pairs.compactMap { second[$0] }, options: options,
                threadCount: threadCount)
            for (index, encoding) in zip(singles + pairs, alone + paired) {
                encodings[index] = encoding
            }
        } catch {
            throw UserError(
                "standard input, lines \(number) to \(number + count - 1): \(error.message)")
        }
        return encodings.compactMap { $0 }
    }
}
