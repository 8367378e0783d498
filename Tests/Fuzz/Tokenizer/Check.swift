import MartletText

/// Any bytes are refused or make a tokenizer, as `tokenizer.json` and as `vocab.txt`; such a
/// tokenizer encodes and decodes any text. The text follows the byte FF, which no file holds; it
/// is short, as what truncation cuts off grows with its square.
func check(_ bytes: [UInt8]) {
    let parts = bytes.split(separator: 0xFF, maxSplits: 1, omittingEmptySubsequences: false)
    let file = Array(parts[0])
    let text = String(
        decoding: parts.count > 1 ? parts[1].prefix(64) : parts[0].suffix(64), as: UTF8.self)
    if let tokenizer = try? WordPieceTokenizer(tokenizerFile: file) {
        encode(text, with: tokenizer)
    }
    if let tokenizer = try? WordPieceTokenizer(vocabularyFile: file) {
        encode(text, with: tokenizer)
        var configuration = tokenizer.configuration
        configuration.behavior = .legacy
        let legacy = try? WordPieceTokenizer(
            vocabulary: tokenizer.vocabulary, configuration: configuration)
        precondition(legacy != nil, "is refused with the other behaviour")
        if let legacy { encode(text, with: legacy) }
    }
}

private func encode(_ text: String, with tokenizer: WordPieceTokenizer) {
    guard let whole = try? tokenizer.encode(text) else {
        preconditionFailure("is refused though nothing is to be cut")
    }
    let scalarCount = text.unicodeScalars.count
    precondition(whole.offsets.allSatisfy { $0.upperBound <= scalarCount }, "ends behind the text")
    precondition(whole.ids.allSatisfy { $0 >= 0 }, "has a negative id")
    _ = tokenizer.decode(whole.ids)
    let options = EncodingOptions(
        truncation: Truncation(maximumLength: 16, stride: 2), padding: TokenPadding(.fixed(16)))
    let end = text.unicodeScalars.index(
        text.startIndex, offsetBy: 12, limitedBy: text.endIndex)
    for pair in [nil, String(text[..<(end ?? text.endIndex)])] {
        // Refused where the template has more special tokens than fit.
        guard let encoding = try? tokenizer.encode(text, pair: pair, options: options) else {
            continue
        }
        precondition(encoding.count == 16, "is not filled up to 16")
        precondition(encoding.overflow.allSatisfy { $0.count == 16 }, "overflows unevenly")
    }
}
