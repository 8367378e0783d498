import MartletJSON

/// Why a vocabulary or a tokenizer is refused, or a text cannot be encoded as asked.
public struct TokenizerError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file, or what stands for it.
    public let source: String
    /// What is wrong, where, and how to mend it.
    public let message: String

    public init(source: String, _ message: String) {
        self.source = source
        self.message = message
    }

    public var description: String { source.isEmpty ? message : "\(source): \(message)" }
}

/// The pieces of a WordPiece model and their ids, compared by bytes.
public struct WordPieceVocabulary: Sendable {
    /// Pieces by id. Ids that no piece has (blank lines) hold an empty string.
    public let pieces: [String]
    let trie: ByteTrie

    /// The piece at each position has that position as its id.
    ///
    /// - Parameter source: what messages call the vocabulary.
    /// - Throws: if a piece that is not empty occurs twice.
    public init(_ pieces: [String], source: String = "vocabulary") throws(TokenizerError) {
        try self.init(pieces, source: source) { "at id \($0)" }
    }

    private init(
        _ pieces: [String], source: String, place: (Int) -> String
    ) throws(TokenizerError) {
        guard pieces.count < 1 << 28 else {
            throw TokenizerError(source: source, "\(pieces.count) pieces are too many")
        }
        var index = ByteKeyIndex(expectedCount: pieces.count)
        var ids: [Int] = []
        for (id, piece) in pieces.enumerated() where !piece.isEmpty {
            let earlier = index.insert(hash: byteHash(of: piece)) {
                haveSameBytes(pieces[ids[$0]], piece)
            }
            if let earlier {
                throw TokenizerError(
                    source: source,
                    "the piece \(piece.quotedForMessage()) occurs twice, \(place(ids[earlier])) "
                        + "and \(place(id)); each piece has one id")
            }
            ids.append(id)
        }
        self.pieces = pieces
        trie = ByteTrie(
            keys: ids.map { Array(pieces[$0].utf8) }, values: ids.map { Int32($0) })
    }

    /// The pieces of a `vocab.txt`: one a line, its id the line's number from 0.
    ///
    /// Lines end as Python reads them, with LF, CR LF or CR; a blank line takes an id that no
    /// piece has.
    public init(
        vocabularyFile bytes: [UInt8], source: String = "vocab.txt"
    ) throws(TokenizerError) {
        var pieces: [String] = []
        var start = 0
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
            throw TokenizerError(
                source: source,
                "begins with a byte order mark, which would be part of the first "
                    + "piece; save the file without it")
        }
        while start < bytes.count {
            var end = start
            while end < bytes.count, bytes[end] != 0x0A, bytes[end] != 0x0D { end += 1 }
            guard let piece = String(validating: bytes[start..<end], as: UTF8.self) else {
                throw TokenizerError(
                    source: source, "line \(pieces.count + 1) is not valid UTF-8")
            }
            pieces.append(piece)
            let isPair = end + 1 < bytes.count && bytes[end] == 0x0D && bytes[end + 1] == 0x0A
            start = end + (isPair ? 2 : 1)
        }
        try self.init(pieces, source: source) { "on line \($0 + 1)" }
    }

    public var count: Int { pieces.count }

    /// The id of `piece`, if it has one.
    public func id(of piece: String) -> Int? {
        let value = trie.value(of: Array(piece.utf8))
        return value < 0 ? nil : Int(value)
    }

    /// The piece with this id, if there is one.
    public subscript(id: Int) -> String? {
        pieces.indices.contains(id) && !pieces[id].isEmpty ? pieces[id] : nil
    }

    /// `vocab.txt`, one piece a line.
    public func file() -> [UInt8] { pieces.flatMap { Array($0.utf8) + [0x0A] } }
}
