/// The tokens of one text before special tokens are put around them.
struct TokenRun: Sendable {
    var ids: [Int32] = []
    /// Where each token begins and ends in the text, in Unicode scalars.
    var starts: [Int32] = []
    var ends: [Int32] = []
    /// The number of each token's word.
    var words: [Int32] = []

    var count: Int { ids.count }

    @inline(__always)
    mutating func append(id: Int32, start: Int32, end: Int32, word: Int32) {
        ids.append(id)
        starts.append(start)
        ends.append(end)
        words.append(word)
    }

    mutating func reserveCapacity(_ count: Int) {
        ids.reserveCapacity(count)
        starts.reserveCapacity(count)
        ends.reserveCapacity(count)
        words.reserveCapacity(count)
    }

    /// Takes back the last tokens, so that `count` are left.
    mutating func shrink(to count: Int) {
        let excess = ids.count - count
        ids.removeLast(excess)
        starts.removeLast(excess)
        ends.removeLast(excess)
        words.removeLast(excess)
    }

    subscript(range: Range<Int>) -> TokenRun {
        TokenRun(
            ids: Array(ids[range]), starts: Array(starts[range]), ends: Array(ends[range]),
            words: Array(words[range]))
    }
}

/// The word being read: its normalised bytes, and which scalar of the text each came from.
struct PendingWord {
    var bytes: [UInt8] = []
    var origins: [Int32] = []
    var scalarCount = 0

    @inline(__always)
    var isEmpty: Bool { bytes.isEmpty }

    @inline(__always)
    mutating func append(ascii byte: UInt8, origin: Int32) {
        bytes.append(byte)
        origins.append(origin)
        scalarCount += 1
    }

    @inline(__always)
    mutating func append(_ code: UInt32, origin: Int32) {
        func put(_ byte: UInt32) {
            bytes.append(UInt8(truncatingIfNeeded: byte))
            origins.append(origin)
        }
        if code < 0x80 {
            put(code)
        } else if code < 0x800 {
            put(0xC0 | code >> 6)
            put(0x80 | code & 0x3F)
        } else if code < 0x10000 {
            put(0xE0 | code >> 12)
            put(0x80 | code >> 6 & 0x3F)
            put(0x80 | code & 0x3F)
        } else {
            put(0xF0 | code >> 18)
            put(0x80 | code >> 12 & 0x3F)
            put(0x80 | code >> 6 & 0x3F)
            put(0x80 | code & 0x3F)
        }
        scalarCount += 1
    }

    @inline(__always)
    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        origins.removeAll(keepingCapacity: true)
        scalarCount = 0
    }
}

/// Greedy longest match first, as in BERT (Wu et al. 2016, arXiv 1609.08144).
struct WordPieceModel: Sendable {
    let vocabulary: WordPieceVocabulary
    let unknownID: Int32
    /// What pieces within a word begin with: "##".
    let continuingPrefix: String
    /// Words of more scalars than this are unknown.
    let maximumScalarCount: Int
    /// Where the trie goes on after the prefix; -1 if no piece has it.
    private let continuingNode: Int32

    init(
        vocabulary: WordPieceVocabulary, unknownID: Int32, continuingPrefix: String,
        maximumScalarCount: Int
    ) {
        self.vocabulary = vocabulary
        self.unknownID = unknownID
        self.continuingPrefix = continuingPrefix
        self.maximumScalarCount = maximumScalarCount
        continuingNode = vocabulary.trie.node(of: Array(continuingPrefix.utf8))
    }

    /// Appends the pieces of `word`, or the unknown token if some part matches no piece.
    @inline(__always)
    func split(_ word: PendingWord, number: Int32, into run: inout TokenRun) {
        let count = run.count
        guard word.scalarCount <= maximumScalarCount else {
            return appendUnknown(word, number, &run)
        }
        let trie = vocabulary.trie
        word.bytes.withUnsafeBufferPointer { bytes in
            word.origins.withUnsafeBufferPointer { origins in
                var start = 0
                while start < bytes.count {
                    var node = start == 0 ? ByteTrie.root : continuingNode
                    var best: Int32 = -1
                    var end = start
                    var position = start
                    while node >= 0, position < bytes.count {
                        node = trie.step(node, bytes[position])
                        position += 1
                        if node >= 0, trie.value(node) >= 0 {
                            best = trie.value(node)
                            end = position
                        }
                    }
                    if best < 0 {
                        run.shrink(to: count)
                        return appendUnknown(word, number, &run)
                    }
                    run.append(
                        id: best, start: origins[start], end: origins[end - 1] + 1, word: number)
                    start = end
                }
            }
        }
    }

    private func appendUnknown(_ word: PendingWord, _ number: Int32, _ run: inout TokenRun) {
        guard let first = word.origins.first, let last = word.origins.last else { return }
        run.append(id: unknownID, start: first, end: last + 1, word: number)
    }
}
