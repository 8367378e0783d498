/// Mappings of scalars that both kinds of tokenizer share, decoded from the generated tables.
struct UnicodeMappings: Sendable {
    static let shared = UnicodeMappings()

    /// Lowercase of scalars that have one; U+0130 alone becomes two scalars and is left out.
    let lowercase: [Int: Int]
    /// Full canonical decompositions except Hangul's.
    let decompositions: [Int: [Int]]

    /// The one scalar whose lowercase has two: i and U+0307.
    static let dottedCapitalI = 0x130
    /// Decomposes in Unicode 14; the older tables in `tokenizers` do not know it.
    static let laterDecomposition = 0x11938

    private init() {
        var lowercase: [Int: Int] = [:]
        var numbers = TableNumbers(SharedUnicode.lowercase)
        var first = 0
        while let run = numbers.next(4) {
            first += run[0]
            let delta = run[3] & 1 == 0 ? run[3] / 2 : -(run[3] + 1) / 2
            for i in 0..<run[1] {
                let code = first + i * run[2]
                lowercase[code] = code + delta
            }
        }
        var decompositions: [Int: [Int]] = [:]
        numbers = TableNumbers(SharedUnicode.decompositions)
        var code = 0
        while let entry = numbers.next(2), let parts = numbers.next(entry[1]) {
            code += entry[0]
            decompositions[code] = parts
        }
        self.lowercase = lowercase
        self.decompositions = decompositions
    }

    static func lowercase(of code: Int) -> [Int] {
        if code == dottedCapitalI { return [0x69, 0x307] }
        return [shared.lowercase[code] ?? code]
    }
}

/// Hangul syllables, which are composed of letters by arithmetic (Unicode, section 3.12).
enum Hangul {
    static let syllables = 0xAC00..<(0xAC00 + 11172)
    private static let leading = 0x1100
    private static let vowel = 0x1161
    private static let trailing = 0x11A7

    static func decompose(_ syllable: Int) -> [Int] {
        let index = syllable - syllables.lowerBound
        let tail = index % 28
        let letters = [leading + index / 588, vowel + index % 588 / 28]
        return tail == 0 ? letters : letters + [trailing + tail]
    }

    static func compose(_ first: Int, _ second: Int) -> Int? {
        if (leading..<(leading + 19)).contains(first), (vowel..<(vowel + 21)).contains(second) {
            return syllables.lowerBound + ((first - leading) * 21 + second - vowel) * 28
        }
        if syllables.contains(first), (first - syllables.lowerBound) % 28 == 0,
            ((trailing + 1)..<(trailing + 28)).contains(second)
        {
            return first + second - trailing
        }
        return nil
    }
}

/// Scalars that BERT's tokenizers surround with spaces.
enum Ideographs {
    /// With the gap of `tokenizers` at U+2B820, where it should go on.
    static let fast = [
        0x3400..<0x4DC0, 0x4E00..<0xA000, 0xF900..<0xFB00, 0x20000..<0x2A6E0, 0x2A700..<0x2B820,
        0x2B920..<0x2CEB0, 0x2F800..<0x2FA20,
    ]
    static let legacy = [
        0x3400..<0x4DC0, 0x4E00..<0xA000, 0xF900..<0xFB00, 0x20000..<0x2A6E0, 0x2A700..<0x2CEB0,
        0x2F800..<0x2FA20,
    ]
}
