import Martlet

/// Any bytes are refused or make a tokenizer, as `tokenizer.json` and as `vocab.txt`; such a
/// tokenizer encodes any text.
func check(_ bytes: [UInt8]) {
    let options = EncodingOptions(
        truncation: Truncation(maximumLength: 8), padding: TokenPadding(.fixed(8)))
    let text = String(decoding: bytes.prefix(64), as: UTF8.self)
    if let tokenizer = try? WordPieceTokenizer(tokenizerFile: bytes) {
        _ = try? tokenizer.encode(text, options: options)
    }
    for behavior in [WordPieceTokenizer.Behavior.fast, .legacy] {
        if let tokenizer = try? WordPieceTokenizer(vocabularyFile: bytes, behavior: behavior) {
            if let encoding = try? tokenizer.encode(text, options: options) {
                precondition(encoding.count == 8, "is not filled up to 8")
            }
        }
    }
}
