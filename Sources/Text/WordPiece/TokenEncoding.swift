/// A text, or a pair of texts, as token ids with what a model needs beside them.
///
/// All arrays have one element per token. Tokens that come from no text (special tokens,
/// padding) have an empty range at 0 and no word or sequence.
public struct TokenEncoding: Sendable, Hashable {
    public internal(set) var ids: [Int32] = []
    /// 0 for the first text and its special tokens, 1 for the second.
    public internal(set) var typeIDs: [Int32] = []
    /// 1 for tokens, 0 for padding.
    public internal(set) var attentionMask: [Int32] = []
    /// 1 for special tokens and padding.
    public internal(set) var specialTokensMask: [Int32] = []
    /// Where each token is in its text, counted in Unicode scalars.
    public internal(set) var offsets: [Range<Int>] = []
    /// The number of each token's word in its text.
    public internal(set) var wordIDs: [Int?] = []
    /// 0 for tokens of the first text, 1 for tokens of the second.
    public internal(set) var sequenceIDs: [Int?] = []
    /// What truncation cut off, as encodings that overlap by the stride.
    public internal(set) var overflow: [TokenEncoding] = []

    public var count: Int { ids.count }

    mutating func append(_ run: TokenRun, type: Int32, sequence: Int) {
        ids += run.ids
        typeIDs += repeatElement(type, count: run.count)
        attentionMask += repeatElement(1, count: run.count)
        specialTokensMask += repeatElement(0, count: run.count)
        offsets.reserveCapacity(offsets.count + run.count + 1)
        wordIDs.reserveCapacity(offsets.count + run.count + 1)
        for i in 0..<run.count {
            offsets.append(Int(run.starts[i])..<Int(run.ends[i]))
            wordIDs.append(Int(run.words[i]))
        }
        sequenceIDs.append(contentsOf: [Int?](repeating: sequence, count: run.count))
    }

    mutating func appendSpecial(_ id: Int32, type: Int32) {
        ids.append(id)
        typeIDs.append(type)
        attentionMask.append(1)
        specialTokensMask.append(1)
        offsets.append(0..<0)
        wordIDs.append(nil)
        sequenceIDs.append(nil)
    }

    /// Adds padding up to `length` tokens, to the overflow too.
    mutating func pad(to length: Int, id: Int32, type: Int32, side: TokenSide) {
        for i in overflow.indices { overflow[i].pad(to: length, id: id, type: type, side: side) }
        let missing = length - count
        guard missing > 0 else { return }
        func padded<Element>(_ values: [Element], _ element: Element) -> [Element] {
            let padding = repeatElement(element, count: missing)
            return side == .right ? values + padding : padding + values
        }
        ids = padded(ids, id)
        typeIDs = padded(typeIDs, type)
        attentionMask = padded(attentionMask, 0)
        specialTokensMask = padded(specialTokensMask, 1)
        offsets = padded(offsets, 0..<0)
        wordIDs = padded(wordIDs, nil)
        sequenceIDs = padded(sequenceIDs, nil)
    }
}

/// A side of a sequence of tokens.
public enum TokenSide: Sendable, Hashable { case left, right }

/// How a text that is too long is cut.
public struct Truncation: Sendable, Hashable {
    public enum Strategy: Sendable, Hashable {
        /// Cuts the longer of two texts until both are equally long, then both.
        ///
        /// `tokenizers` gives each text half of the room, the odd token to the second or longer
        /// one; the legacy tokenizer takes tokens off one at a time, which leaves it to the
        /// first.
        case longestFirst
        /// Cuts the first text only; an error if that is not enough.
        case onlyFirst
        /// Cuts the second text only; an error if that is not enough or there is none.
        case onlySecond
    }

    /// The longest sequence, special tokens included.
    public var maximumLength: Int
    public var strategy: Strategy
    /// How many tokens one part of the overflow repeats of the part before it.
    public var stride: Int
    /// The side that is cut off.
    public var side: TokenSide

    public init(
        maximumLength: Int, strategy: Strategy = .longestFirst, stride: Int = 0,
        side: TokenSide = .right
    ) {
        self.maximumLength = maximumLength
        self.strategy = strategy
        self.stride = stride
        self.side = side
    }
}

/// How short sequences are filled up.
public struct TokenPadding: Sendable, Hashable {
    public enum Length: Sendable, Hashable {
        /// To the longest sequence of the batch.
        case longest
        /// To a fixed number of tokens.
        case fixed(Int)
    }

    public var length: Length
    /// The length is rounded up to a multiple of this.
    public var multiple: Int
    public var side: TokenSide

    public init(_ length: Length, multiple: Int = 1, side: TokenSide = .right) {
        self.length = length
        self.multiple = multiple
        self.side = side
    }
}

/// How texts are encoded.
public struct EncodingOptions: Sendable, Hashable {
    public var addsSpecialTokens: Bool
    public var truncation: Truncation?
    public var padding: TokenPadding?

    public init(
        addsSpecialTokens: Bool = true, truncation: Truncation? = nil,
        padding: TokenPadding? = nil
    ) {
        self.addsSpecialTokens = addsSpecialTokens
        self.truncation = truncation
        self.padding = padding
    }
}
