import Synchronization

/// What normalising and splitting does to each scalar, in one table.
///
/// In `tokenizers` every step looks at one scalar at a time, so cleaning, spaces around
/// ideographs, decomposition without marks, lowercase, whitespace and punctuation all fold into
/// one look-up. The exception are marks that canonical ordering may move and that are not
/// removed afterwards; text with one of these is normalised step by step (`FastNormalizer`).
struct ScalarActions: Sendable {
    enum Kind: UInt32 {
        /// Part of a word, as it is.
        case keep
        case remove
        /// Ends a word.
        case space
        /// A word of its own.
        case isolate
        /// Becomes other scalars.
        case replace
        /// Becomes other scalars and is a word of its own.
        case replaceIsolated
        /// May change places with other marks.
        case reorder
    }

    /// Kind in the low 3 bits, the position in `replacements` above.
    private(set) var table = UnicodeTable<UInt32>(Kind.keep.rawValue)
    /// For each replacement its count, then its scalars; punctuation has `isolatedBit`.
    private(set) var replacements: [UInt32] = []

    /// For each ASCII byte the byte it becomes, or one of the codes below.
    private(set) var ascii: [UInt8] = []

    static let spaceByte: UInt8 = 0xFF
    static let removedByte: UInt8 = 0xFE
    static let isolatedByte: UInt8 = 0xFD

    static let kindMask: UInt32 = 7
    static let kindBitCount: UInt32 = 3
    static let isolatedBit: UInt32 = 1 << 31

    /// White space in the tables of `tokenizers`.
    static let whitespace = [
        0x09..<0x0E, 0x20..<0x21, 0x85..<0x86, 0xA0..<0xA1, 0x1680..<0x1681, 0x2000..<0x200B,
        0x2028..<0x202A, 0x202F..<0x2030, 0x205F..<0x2060, 0x3000..<0x3001,
    ]

    /// Tables made so far: there are 16 combinations of options, and each takes a while to make.
    private static let made = Mutex<[BertNormalization: ScalarActions]>([:])

    /// The actions of `options`, which all tokenizers with these options share.
    static func shared(_ options: BertNormalization) -> ScalarActions {
        made.withLock { made in
            if let known = made[options] { return known }
            let actions = ScalarActions(options)
            made[options] = actions
            return actions
        }
    }

    private init(_ options: BertNormalization) {
        let stripsAccents = options.stripsAccents
        var isMark = UnicodeTable(false)
        var isPunctuation = UnicodeTable(false)
        for range in TableNumbers.ranges(FastUnicode.marks) { isMark.fill(range, true) }
        for range in TableNumbers.ranges(FastUnicode.punctuation) {
            isPunctuation.fill(range, true)
            table.fill(range, Kind.isolate.rawValue)
        }
        for range in Self.whitespace { table.fill(range, Kind.space.rawValue) }
        if options.separatesIdeographs {
            for range in Ideographs.fast { table.fill(range, Kind.isolate.rawValue) }
        }
        if stripsAccents {
            for range in TableNumbers.ranges(FastUnicode.marks) {
                table.fill(range, Kind.remove.rawValue)
            }
        }
        for code in changed(options) {
            var result = stripsAccents ? Self.decompose(code).filter { !isMark[$0] } : [code]
            if options.lowercases { result = result.flatMap(UnicodeMappings.lowercase(of:)) }
            if result != [code] { replace(code, by: result, isPunctuation) }
        }
        if stripsAccents {
            for code in Self.movable(isMark) { table[code] = Kind.reorder.rawValue }
        }
        if options.cleansText {
            for range in TableNumbers.ranges(FastUnicode.removed) {
                table.fill(range, Kind.remove.rawValue)
            }
        }
        ascii = (0..<128).map(asciiByte)
    }

    private func asciiByte(_ code: Int) -> UInt8 {
        let action = table[code]
        switch Kind(rawValue: action & Self.kindMask) {
        case .remove: return Self.removedByte
        case .space: return Self.spaceByte
        case .isolate: return Self.isolatedByte
        case .replace, .replaceIsolated:
            return UInt8(replacements[Int(action >> Self.kindBitCount) + 1])
        case .keep, .reorder, nil: return UInt8(code)
        }
    }

    /// Scalars that decomposition or lowercase may change.
    private func changed(_ options: BertNormalization) -> Set<Int> {
        let mappings = UnicodeMappings.shared
        var codes: Set<Int> = []
        if options.stripsAccents {
            codes.formUnion(mappings.decompositions.keys)
            codes.formUnion(Hangul.syllables)
        }
        if options.lowercases {
            codes.formUnion(mappings.lowercase.keys)
            codes.insert(UnicodeMappings.dottedCapitalI)
        }
        return codes
    }

    /// Scalars whose decomposition holds a mark that has a place in the canonical order and
    /// stays.
    private static func movable(_ isMark: UnicodeTable<Bool>) -> [Int] {
        let classes = FastNormalizer.combiningClasses
        let movable = [Int](classes.ranges.joined()).filter { !isMark[$0] }
        let composed = UnicodeMappings.shared.decompositions.keys.filter { code in
            decompose(code).contains { classes[$0] != 0 && !isMark[$0] }
        }
        return movable + composed
    }

    static func decompose(_ code: Int) -> [Int] {
        if Hangul.syllables.contains(code) { return Hangul.decompose(code) }
        if code == UnicodeMappings.laterDecomposition { return [code] }
        return UnicodeMappings.shared.decompositions[code] ?? [code]
    }

    private mutating func replace(
        _ code: Int, by scalars: [Int], _ isPunctuation: UnicodeTable<Bool>
    ) {
        let old = table[code]
        if old == Kind.space.rawValue || old == Kind.remove.rawValue { return }
        // Punctuation is looked for after the replacement, ideographs before.
        let wasIdeograph = old == Kind.isolate.rawValue && !isPunctuation[code]
        guard !scalars.isEmpty else {
            table[code] = Kind.remove.rawValue
            return
        }
        let kind = wasIdeograph ? Kind.replaceIsolated : .replace
        table[code] = kind.rawValue | UInt32(replacements.count) << Self.kindBitCount
        replacements.append(UInt32(scalars.count))
        for scalar in scalars {
            replacements.append(
                UInt32(scalar) | (isPunctuation[scalar] ? Self.isolatedBit : 0))
        }
    }
}

/// The options of Hugging Face's `BertNormalizer`.
public struct BertNormalization: Sendable, Hashable {
    /// Drops NUL, U+FFFD and control characters, makes every white space a space.
    public var cleansText: Bool
    /// Makes every CJK ideograph a word of its own.
    public var separatesIdeographs: Bool
    /// Removes nonspacing marks after canonical decomposition.
    public var stripsAccents: Bool
    public var lowercases: Bool

    /// - Parameter stripsAccents: by default as `lowercases`, as Hugging Face's `null`.
    public init(
        lowercases: Bool = true, stripsAccents: Bool? = nil, separatesIdeographs: Bool = true,
        cleansText: Bool = true
    ) {
        self.cleansText = cleansText
        self.separatesIdeographs = separatesIdeographs
        self.stripsAccents = stripsAccents ?? lowercases
        self.lowercases = lowercases
    }
}
