extension WordPieceTokenizer {
    /// The text that `ids` stand for, as far as it can be told: pieces joined, `##` removed, and
    /// the spaces before punctuation tidied if the configuration says so. Ids that no token has
    /// are skipped.
    ///
    /// - Parameter skipsSpecialTokens: whether special tokens are left out.
    public func decode(_ ids: some Sequence<Int32>, skipsSpecialTokens: Bool = false) -> String {
        var text: [UInt8] = []
        let prefix = Array(configuration.continuingPrefix.utf8)
        var isFirst = true
        for id in ids {
            guard let token = token(of: Int(id)) else { continue }
            if skipsSpecialTokens, let added = addedTokens[Int(id)], added.isSpecial { continue }
            var part = Array(token.utf8)
            if !isFirst {
                if !prefix.isEmpty, part.starts(with: prefix) {
                    part.removeFirst(prefix.count)
                } else {
                    part.insert(0x20, at: 0)
                }
            }
            isFirst = false
            text += configuration.cleansUpDecoding ? Self.tidied(part) : part
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// What `tokenizers` replaces, in this order, in each token with the space before it.
    private static let replacements: [(from: [UInt8], to: [UInt8])] = [
        (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"),
        (" 'm", "'m"), (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ].map { (from: Array($0.0.utf8), to: Array($0.1.utf8)) }

    /// Whether a byte after a space may be part of what is replaced.
    private static let follows: [Bool] = {
        var follows = [Bool](repeating: false, count: 256)
        for replacement in replacements { follows[Int(replacement.from[1])] = true }
        return follows
    }()

    private static func tidied(_ token: [UInt8]) -> [UInt8] {
        let mayChange = zip(token, token.dropFirst()).contains { byte, next in
            byte == 0x20 && follows[Int(next)]
        }
        guard mayChange else { return token }
        return replacements.reduce(token) { replace($0, $1.from, by: $1.to) }
    }

    private static func replace(
        _ bytes: [UInt8], _ pattern: [UInt8], by replacement: [UInt8]
    ) -> [UInt8] {
        var result: [UInt8] = []
        var position = 0
        while position < bytes.count {
            if bytes[position...].starts(with: pattern) {
                result += replacement
                position += pattern.count
            } else {
                result.append(bytes[position])
                position += 1
            }
        }
        return result
    }
}
