/// A token that is found in the text before it is split into words.
public struct AddedToken: Sendable, Hashable {
    public var content: String
    public var id: Int
    /// Left out when decoding on request.
    public var isSpecial: Bool
    /// Found only between characters that are not part of a word.
    public var isSingleWord: Bool
    /// Takes the white space before it along.
    public var stripsLeft: Bool
    /// Takes the white space after it along.
    public var stripsRight: Bool
    /// Looked for in the normalised text instead of the text itself.
    public var isNormalized: Bool

    public init(
        _ content: String, id: Int, isSpecial: Bool = true, isSingleWord: Bool = false,
        stripsLeft: Bool = false, stripsRight: Bool = false, isNormalized: Bool = false
    ) {
        self.content = content
        self.id = id
        self.isSpecial = isSpecial
        self.isSingleWord = isSingleWord
        self.stripsLeft = stripsLeft
        self.stripsRight = stripsRight
        self.isNormalized = isNormalized
    }
}

/// Finds added tokens in text: at each position the longest, from left to right.
struct AddedTokenFinder: Sendable {
    private let tokens: [AddedToken]
    private let trie: ByteTrie
    private let isFirstByte: [Bool]

    /// - Parameter contents: what to look for; the tokens' contents, normalised or not.
    init(_ tokens: [AddedToken], contents: [[UInt8]]) {
        // Of tokens that normalise to the same text the last one counts.
        var last: [[UInt8]: Int] = [:]
        for (position, content) in contents.enumerated() where !content.isEmpty {
            last[content] = position
        }
        self.tokens = tokens
        trie = ByteTrie(keys: Array(last.keys), values: last.values.map { Int32($0) })
        var isFirstByte = [Bool](repeating: false, count: 256)
        for content in last.keys { isFirstByte[Int(content[0])] = true }
        self.isFirstByte = isFirstByte
    }

    var isEmpty: Bool { tokens.isEmpty }

    /// Calls `body` with each stretch of `text` and the token it is, `nil` for text between.
    @inline(__always)
    func forEachPart(
        of text: UnsafeBufferPointer<UInt8>,
        _ body: (UnsafeBufferPointer<UInt8>, AddedToken?) -> Void
    ) {
        func part(_ range: Range<Int>) -> UnsafeBufferPointer<UInt8> {
            UnsafeBufferPointer(rebasing: text[range])
        }
        var done = 0
        var position = 0
        isFirstByte.withUnsafeBufferPointer { isFirstByte in
            while position < text.count {
                guard isFirstByte[Int(text[position])],
                    let match = longestMatch(text, at: position)
                else {
                    position += 1
                    continue
                }
                position = match.range.upperBound
                let token = tokens[match.token]
                guard let range = extended(match.range, token, text, from: done) else { continue }
                if done < range.lowerBound { body(part(done..<range.lowerBound), nil) }
                body(part(range), token)
                done = range.upperBound
                position = max(position, done)
            }
        }
        if done < text.count { body(part(done..<text.count), nil) }
    }

    private func longestMatch(
        _ text: UnsafeBufferPointer<UInt8>, at start: Int
    ) -> (token: Int, range: Range<Int>)? {
        var node = ByteTrie.root
        var best: (token: Int, range: Range<Int>)?
        var position = start
        while position < text.count {
            node = trie.step(node, text[position])
            if node < 0 { break }
            position += 1
            let value = trie.value(node)
            if value >= 0 { best = (token: Int(value), range: start..<position) }
        }
        return best
    }

    /// The range with the white space that the token takes along; `nil` if it does not stand
    /// alone but should.
    private func extended(
        _ range: Range<Int>, _ token: AddedToken, _ text: UnsafeBufferPointer<UInt8>,
        from done: Int
    ) -> Range<Int>? {
        if !token.isSingleWord, !token.stripsLeft, !token.stripsRight { return range }
        let before = String(decoding: text[..<range.lowerBound], as: UTF8.self).unicodeScalars
        let after = String(decoding: text[range.upperBound...], as: UTF8.self).unicodeScalars
        if token.isSingleWord {
            if let scalar = before.last, scalar.isPartOfWord { return nil }
            if let scalar = after.first, scalar.isPartOfWord { return nil }
        }
        func byteCount(_ spaces: some Sequence<Unicode.Scalar>) -> Int {
            spaces.reduce(0) { $0 + UTF8.width($1) }
        }
        var begin = range.lowerBound
        var end = range.upperBound
        if token.stripsLeft {
            begin -= byteCount(before.reversed().prefix { $0.properties.isWhitespace })
        }
        if token.stripsRight {
            end += byteCount(after.prefix { $0.properties.isWhitespace })
        }
        return max(begin, done)..<end
    }
}

extension Unicode.Scalar {
    /// `\w` of regular expressions (UTS 18, annex C).
    fileprivate var isPartOfWord: Bool {
        if properties.isAlphabetic || properties.isJoinControl { return true }
        switch properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber,
            .connectorPunctuation:
            return true
        default: return false
        }
    }
}
