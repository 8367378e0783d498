import Foundation

/// Counts the tokens of texts and ranks them: the state of `adapt`.
struct TokenCounter {
    private var scanner: TokenScanner
    private var table = TokenTable()
    private var counts: [Int] = []
    private var documentCounts: [Int] = []
    /// The last text in which a token was seen, to count it once per text.
    private var lastText: [Int] = []
    private(set) var textCount = 0
    private let options: TextVectorizerOptions

    init(options: TextVectorizerOptions) {
        self.options = options
        scanner = TokenScanner(options: options)
    }

    mutating func add(_ text: String) {
        textCount += 1
        scanner.forEachToken(of: text) { token in
            let index = table.insert(token)
            if index == counts.count {
                counts.append(0)
                documentCounts.append(0)
                lastText.append(0)
            }
            counts[index] += 1
            if lastText[index] != textCount {
                lastText[index] = textCount
                documentCounts[index] += 1
            }
            return true
        }
    }

    /// Count descending, ties byte-descending: Keras's `lexsort((tokens, counts))[::-1]`.
    /// Tokens of the texts that look like the special ones are left out.
    func vocabulary() throws(TextVectorizationError) -> Vocabulary {
        let special = [TextVectorizer.paddingToken, TextVectorizer.unknownToken]
            .map { Array($0.utf8) }
        var ranked = (0..<table.count).filter { !special.contains(Array(table[$0])) }
        ranked.sort { left, right in
            counts[left] == counts[right]
                ? table.precedes(right, left) : counts[left] > counts[right]
        }
        if let maxTokens = options.maxTokens {
            ranked = Array(ranked.prefix(maxTokens - options.specialTokens.count))
        }
        guard !ranked.isEmpty else { throw .noTokens(textCount: textCount) }
        var learned = TokenTable()
        for index in ranked {
            table[index].withUnsafeBufferPointer { _ = learned.insert($0) }
        }
        guard options.outputMode == .tfIDF else {
            return Vocabulary(table: learned, options: options)
        }
        let weights = ranked.map { inverseDocumentFrequency(documentCount: documentCounts[$0]) }
        return Vocabulary(table: learned, weightsOfTokens: weights, options: options)
    }

    private func inverseDocumentFrequency(documentCount: Int) -> Float {
        Float(log(1 + Double(textCount) / Double(1 + documentCount)))
    }
}
