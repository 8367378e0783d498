/// Where the special tokens go around one text or two.
public struct TokenTemplate: Sendable, Hashable {
    public enum Piece: Sendable, Hashable {
        case special(id: Int, typeID: Int)
        /// The text 0 or 1.
        case text(Int, typeID: Int)
    }

    public var single: [Piece]
    public var pair: [Piece]

    public init(single: [Piece], pair: [Piece]) {
        self.single = single
        self.pair = pair
    }

    /// BERT's: `[CLS] A [SEP]` and `[CLS] A [SEP] B [SEP]`, the second text of type 1.
    public static func bert(classifierID: Int, separatorID: Int) -> TokenTemplate {
        let first: [Piece] = [
            .special(id: classifierID, typeID: 0), .text(0, typeID: 0),
            .special(id: separatorID, typeID: 0),
        ]
        return TokenTemplate(
            single: first,
            pair: first + [.text(1, typeID: 1), .special(id: separatorID, typeID: 1)])
    }

    /// No special tokens; the second text of type 1.
    static let bare = TokenTemplate(
        single: [.text(0, typeID: 0)], pair: [.text(0, typeID: 0), .text(1, typeID: 1)])

    func pieces(isPair: Bool, addsSpecialTokens: Bool) -> [Piece] {
        let pieces = isPair ? pair : single
        if addsSpecialTokens { return pieces }
        return pieces.filter { if case .text = $0 { true } else { false } }
    }

    static func specialCount(_ pieces: [Piece]) -> Int {
        pieces.count { if case .special = $0 { true } else { false } }
    }

    /// One encoding of one part of each text.
    static func apply(
        _ pieces: [Piece], _ first: TokenRun, _ second: TokenRun?
    ) -> TokenEncoding {
        var encoding = TokenEncoding()
        for piece in pieces {
            switch piece {
            case .special(let id, let typeID):
                encoding.appendSpecial(Int32(id), type: Int32(typeID))
            case .text(0, let typeID):
                encoding.append(first, type: Int32(typeID), sequence: 0)
            case .text(_, let typeID):
                if let second { encoding.append(second, type: Int32(typeID), sequence: 1) }
            }
        }
        return encoding
    }

    /// The encoding of the first parts, with the other combinations as its overflow in the
    /// order of `tokenizers`.
    static func apply(
        _ pieces: [Piece], _ first: [TokenRun], _ second: [TokenRun]
    ) -> TokenEncoding {
        guard let a = first.first else { return TokenEncoding() }
        var encoding = apply(pieces, a, second.first)
        for other in first.dropFirst() {
            if second.isEmpty { encoding.overflow.append(apply(pieces, other, nil)) }
            for b in second { encoding.overflow.append(apply(pieces, other, b)) }
        }
        for b in second.dropFirst() { encoding.overflow.append(apply(pieces, a, b)) }
        return encoding
    }
}
