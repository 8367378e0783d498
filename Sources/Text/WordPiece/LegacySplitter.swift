/// Normalises and splits text as `BertTokenizerLegacy`, the older tokenizer written in Python:
/// NFC first, lowercase by word with the final sigma, newer tables, unassigned code points
/// dropped.
struct LegacySplitter: Sendable {
    let options: BertNormalization

    /// The tables of Unicode 14.
    private struct Tables: Sendable {
        static let shared = Tables()

        var isRemoved = UnicodeTable(false)
        var isMark = UnicodeTable(false)
        var isPunctuation = UnicodeTable(false)
        var isSpace = UnicodeTable(false)
        var isIdeograph = UnicodeTable(false)
        let combiningClass = CombiningClasses(LegacyUnicode.combiningClasses)
        /// Composites by their two parts, the first in the upper half.
        var compositions: [UInt64: Int] = [:]

        private init() {
            for range in TableNumbers.ranges(LegacyUnicode.removed) {
                isRemoved.fill(range, true)
            }
            for range in TableNumbers.ranges(LegacyUnicode.marks) { isMark.fill(range, true) }
            for range in TableNumbers.ranges(LegacyUnicode.punctuation) {
                isPunctuation.fill(range, true)
            }
            for range in ScalarActions.whitespace { isSpace.fill(range, true) }
            for range in Ideographs.legacy { isIdeograph.fill(range, true) }
            var numbers = TableNumbers(LegacyUnicode.compositions)
            var code = 0
            while let entry = numbers.next(3) {
                code += entry[0]
                compositions[UInt64(entry[1]) << 32 | UInt64(entry[2])] = code
            }
        }

        func compose(_ first: Int, _ second: Int) -> Int? {
            Hangul.compose(first, second)
                ?? compositions[UInt64(first) << 32 | UInt64(second)]
        }
    }

    /// A scalar and which scalar of the text it came from.
    private struct Scalar {
        var code: Int
        let origin: Int32
    }

    /// Splits valid UTF-8 into words and those into tokens.
    func split(
        _ text: UnsafeBufferPointer<UInt8>, _ cursor: inout FastSplitter.Cursor,
        into sink: inout some WordSink
    ) {
        let tables = Tables.shared
        var word: [Scalar] = []
        for scalar in String(decoding: text, as: UTF8.self).unicodeScalars {
            let code = Int(scalar.value)
            let item = Scalar(code: code, origin: cursor.scalar)
            cursor.scalar += 1
            if tables.isRemoved[code] { continue }
            if tables.isSpace[code] {
                finish(&word, &cursor, &sink)
            } else if options.separatesIdeographs, tables.isIdeograph[code] {
                finish(&word, &cursor, &sink)
                word = [item]
                finish(&word, &cursor, &sink)
            } else {
                word.append(item)
            }
        }
        finish(&word, &cursor, &sink)
    }

    private func finish(
        _ word: inout [Scalar], _ cursor: inout FastSplitter.Cursor, _ sink: inout some WordSink
    ) {
        guard !word.isEmpty else { return }
        let tables = Tables.shared
        var scalars = Self.compose(Self.decompose(word))
        word.removeAll(keepingCapacity: true)
        if options.lowercases { scalars = Self.lowercase(scalars) }
        if options.stripsAccents {
            scalars = Self.decompose(scalars).filter { !tables.isMark[$0.code] }
        }
        func finishPart() {
            guard !cursor.pending.isEmpty else { return }
            sink.take(cursor.pending, number: cursor.word)
            cursor.pending.removeAll()
            cursor.word += 1
        }
        for scalar in scalars {
            let isPunctuation = tables.isPunctuation[scalar.code]
            if isPunctuation { finishPart() }
            cursor.pending.append(UInt32(scalar.code), origin: scalar.origin)
            if isPunctuation { finishPart() }
        }
        finishPart()
    }

    // MARK: Normal forms

    /// Full canonical decomposition in canonical order.
    private static func decompose(_ scalars: [Scalar]) -> [Scalar] {
        let classes = Tables.shared.combiningClass
        var result: [Scalar] = []
        /// Where the marks after the last starter begin.
        var marksStart = 0
        for scalar in scalars {
            let parts =
                Hangul.syllables.contains(scalar.code)
                ? Hangul.decompose(scalar.code)
                : UnicodeMappings.shared.decompositions[scalar.code] ?? [scalar.code]
            for code in parts {
                let rank = classes[code]
                var position = result.count
                if rank == 0 {
                    marksStart = position + 1
                } else {
                    // Insertion keeps marks of one class in their order.
                    while position > marksStart, classes[result[position - 1].code] > rank {
                        position -= 1
                    }
                }
                result.insert(Scalar(code: code, origin: scalar.origin), at: position)
            }
        }
        return result
    }

    /// Canonical composition of decomposed scalars (Unicode, section 3.11).
    private static func compose(_ scalars: [Scalar]) -> [Scalar] {
        let tables = Tables.shared
        var result: [Scalar] = []
        var starter: Int?
        var lastClass = -1
        for scalar in scalars {
            let rank = Int(tables.combiningClass[scalar.code])
            if let starter, lastClass < rank || lastClass == -1,
                let composite = tables.compose(result[starter].code, scalar.code)
            {
                result[starter].code = composite
                continue
            }
            if rank == 0 {
                starter = result.count
                lastClass = -1
            } else {
                lastClass = rank
            }
            result.append(scalar)
        }
        return result
    }

    // MARK: Lowercase

    private static func lowercase(_ scalars: [Scalar]) -> [Scalar] {
        var result: [Scalar] = []
        for (position, scalar) in scalars.enumerated() {
            if scalar.code == 0x3A3 {
                let isFinal = isFinalSigma(scalars, position)
                result.append(Scalar(code: isFinal ? 0x3C2 : 0x3C3, origin: scalar.origin))
            } else {
                for code in UnicodeMappings.lowercase(of: scalar.code) {
                    result.append(Scalar(code: code, origin: scalar.origin))
                }
            }
        }
        return result
    }

    /// Whether a capital sigma ends a word: cased letters before it and none after.
    private static func isFinalSigma(_ scalars: [Scalar], _ position: Int) -> Bool {
        func isCased(_ range: some Sequence<Int>) -> Bool {
            for i in range {
                guard let properties = Unicode.Scalar(UInt32(scalars[i].code))?.properties else {
                    return false
                }
                if !properties.isCaseIgnorable { return properties.isCased }
            }
            return false
        }
        return isCased((0..<position).reversed())
            && !isCased((position + 1)..<scalars.count)
    }
}
