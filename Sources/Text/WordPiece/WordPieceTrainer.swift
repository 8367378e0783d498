import HeapModule

/// Learns a WordPiece vocabulary from text, as `tokenizers`' `WordPieceTrainer`: byte pair
/// encoding over scalars, in which scalars within a word carry the prefix `##`, merging the most
/// frequent pair until the vocabulary is full.
///
/// `tokenizers` numbers the first pieces in an order that changes from run to run, and settles
/// ties between equally frequent pairs by those numbers. Here the order is that of the text, so
/// the same text gives the same vocabulary every time.
public struct WordPieceTrainer: Sendable {
    /// Pieces to learn, special tokens included. The alphabet is kept even if it is larger.
    public var vocabularySize: Int
    /// Pairs that occur less often are not merged.
    public var minimumFrequency: Int
    /// The first pieces, in this order.
    public var specialTokens: [String]
    /// Keeps only the most frequent scalars; the others are left out of their words.
    public var alphabetLimit: Int?
    /// Scalars that are in the alphabet whatever the text has.
    public var initialAlphabet: [Unicode.Scalar]
    public var continuingPrefix: String
    public var normalization: BertNormalization

    public init(
        vocabularySize: Int = 30_000, minimumFrequency: Int = 0,
        specialTokens: [String] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"],
        alphabetLimit: Int? = nil, initialAlphabet: [Unicode.Scalar] = [],
        continuingPrefix: String = "##",
        normalization: BertNormalization = BertNormalization()
    ) {
        self.vocabularySize = vocabularySize
        self.minimumFrequency = minimumFrequency
        self.specialTokens = specialTokens
        self.alphabetLimit = alphabetLimit
        self.initialAlphabet = initialAlphabet
        self.continuingPrefix = continuingPrefix
        self.normalization = normalization
    }

    /// Learns from `texts`.
    public func train(_ texts: some Sequence<String>) throws(TokenizerError) -> WordPieceVocabulary
    {
        var counter = WordCounter(normalization)
        for text in texts { counter.count(text) }
        var learner = PairLearner(self, counter)
        learner.learn()
        return try WordPieceVocabulary(
            learner.pieces.map { String(decoding: $0, as: UTF8.self) })
    }
}

/// Counts the words of normalised text.
private struct WordCounter {
    /// Collects the words of one text, so that a text that must be read again counts once.
    private struct List: WordSink {
        var words: [[UInt8]] = []

        mutating func take(_ word: PendingWord, number: Int32) { words.append(word.bytes) }
    }

    private let splitter: FastSplitter
    private let plainSplitter = FastSplitter(.none)
    private let normalizer: FastNormalizer
    private var positions: [[UInt8]: Int] = [:]
    private(set) var words: [(bytes: [UInt8], count: Int)] = []

    init(_ normalization: BertNormalization) {
        splitter = FastSplitter(normalization)
        normalizer = FastNormalizer(normalization)
    }

    mutating func count(_ text: String) {
        var text = text
        let found = text.withUTF8 { text in
            var cursor = FastSplitter.Cursor()
            var list = List()
            if splitter.split(text, &cursor, into: &list) { return list.words }
            list.words = []
            cursor = FastSplitter.Cursor()
            normalizer.normalize(text).bytes.withUnsafeBufferPointer {
                _ = plainSplitter.split($0, &cursor, into: &list)
            }
            return list.words
        }
        for word in found {
            if let position = positions[word] {
                words[position].count += 1
            } else {
                positions[word] = words.count
                words.append((bytes: word, count: 1))
            }
        }
    }
}

/// Byte pair encoding with the bookkeeping of `tokenizers`, whose details decide the result.
private struct PairLearner {
    private struct Pair: Hashable, Comparable {
        let first: Int32
        let second: Int32

        static func < (a: Pair, b: Pair) -> Bool {
            (a.first, a.second) < (b.first, b.second)
        }
    }

    /// A pair to merge in some words; the most frequent is greatest, of those the least pair.
    private struct Candidate: Comparable {
        let pair: Pair
        var count: Int
        let words: Set<Int>

        static func == (a: Candidate, b: Candidate) -> Bool {
            a.count == b.count && a.pair == b.pair
        }

        static func < (a: Candidate, b: Candidate) -> Bool {
            a.count == b.count ? b.pair < a.pair : a.count < b.count
        }
    }

    private let options: WordPieceTrainer
    private let prefix: [UInt8]
    private(set) var pieces: [[UInt8]] = []
    private var ids: [[UInt8]: Int32] = [:]
    private var words: [[Int32]] = []
    private let counts: [Int]
    private var pairCounts: [Pair: Int] = [:]
    private var queue = Heap<Candidate>()

    init(_ options: WordPieceTrainer, _ counter: WordCounter) {
        self.options = options
        prefix = Array(options.continuingPrefix.utf8)
        counts = counter.words.map(\.count)
        for token in options.specialTokens where !token.isEmpty { _ = id(of: Array(token.utf8)) }
        let texts = counter.words.map { String(decoding: $0.bytes, as: UTF8.self).unicodeScalars }
        for scalar in alphabet(texts) { _ = id(of: Self.bytes(scalar)) }
        for scalars in texts {
            var word: [Int32] = []
            for (position, scalar) in scalars.enumerated() {
                let piece = Self.bytes(scalar)
                guard let first = ids[piece] else { continue }
                word.append(position == 0 ? first : id(of: prefix + piece))
            }
            words.append(word)
        }
    }

    private static func bytes(_ scalar: Unicode.Scalar) -> [UInt8] {
        UTF8.encode(scalar).map { Array($0) } ?? []
    }

    private mutating func id(of piece: [UInt8]) -> Int32 {
        if let id = ids[piece] { return id }
        let id = Int32(pieces.count)
        ids[piece] = id
        pieces.append(piece)
        return id
    }

    /// The scalars to keep, in order of their codes.
    private func alphabet(_ words: [String.UnicodeScalarView]) -> [Unicode.Scalar] {
        var frequency: [Unicode.Scalar: Int] = [:]
        for (scalars, count) in zip(words, counts) {
            for scalar in scalars { frequency[scalar, default: 0] += count }
        }
        for scalar in options.initialAlphabet { frequency[scalar] = .max }
        var kept = Array(frequency.keys)
        if let limit = options.alphabetLimit, kept.count > limit {
            kept.sort { a, b in
                let (m, n) = (frequency[a] ?? 0, frequency[b] ?? 0)
                return m == n ? a < b : m > n
            }
            kept.removeLast(kept.count - max(limit, 0))
        }
        return kept.sorted()
    }

    mutating func learn() {
        var changed: [Pair: Set<Int>] = [:]
        for (number, word) in words.enumerated() {
            for (first, second) in zip(word, word.dropFirst()) {
                let pair = Pair(first: first, second: second)
                pairCounts[pair, default: 0] += counts[number]
                changed[pair, default: []].insert(number)
            }
        }
        enqueue(changed)
        while pieces.count < options.vocabularySize, var best = queue.popMax() {
            let count = pairCounts[best.pair] ?? 0
            if count != best.count {
                best.count = count
                queue.insert(best)
                continue
            }
            if count < 1 || count < options.minimumFrequency { break }
            merge(best)
        }
    }

    private mutating func enqueue(_ changed: [Pair: Set<Int>]) {
        for (pair, words) in changed {
            if let count = pairCounts[pair], count > 0 {
                queue.insert(Candidate(pair: pair, count: count, words: words))
            }
        }
    }

    private mutating func merge(_ best: Candidate) {
        let second = pieces[Int(best.pair.second)]
        let tail = second.starts(with: prefix) ? Array(second.dropFirst(prefix.count)) : second
        let merged = id(of: pieces[Int(best.pair.first)] + tail)
        var changed: [Pair: Set<Int>] = [:]
        for number in best.words { replace(best.pair, by: merged, in: number, &changed) }
        enqueue(changed)
    }

    /// Replaces a pair in one word and counts which pairs beside it go and come. The count of
    /// the pair itself stays as it is, as in `tokenizers`.
    private mutating func replace(
        _ pair: Pair, by merged: Int32, in number: Int, _ changed: inout [Pair: Set<Int>]
    ) {
        let count = counts[number]
        func exchange(_ gone: Pair, _ new: Pair) {
            pairCounts[gone, default: 0] -= count
            pairCounts[new, default: 0] += count
            changed[new, default: []].insert(number)
        }
        var word = words[number]
        var i = 0
        while i + 1 < word.count {
            if word[i] == pair.first, word[i + 1] == pair.second {
                word[i] = merged
                word.remove(at: i + 1)
                if i > 0 {
                    exchange(
                        Pair(first: word[i - 1], second: pair.first),
                        Pair(first: word[i - 1], second: merged))
                }
                if i + 1 < word.count {
                    exchange(
                        Pair(first: pair.second, second: word[i + 1]),
                        Pair(first: merged, second: word[i + 1]))
                }
            }
            i += 1
        }
        words[number] = word
    }
}
