extension BertNormalization {
    /// Changes nothing.
    static let none = BertNormalization(
        lowercases: false, stripsAccents: false, separatesIdeographs: false, cleansText: false)
}

/// Normalises text step by step as `BertNormalizer` does, for the rare cases in which the one
/// look-up of `FastSplitter` is not enough.
struct FastNormalizer: Sendable {
    private let options: BertNormalization

    /// Marks and controls in the tables of `tokenizers`.
    private struct Tables: Sendable {
        static let shared = Tables()
        var isMark = UnicodeTable(false)
        var isRemoved = UnicodeTable(false)
        var isSpace = UnicodeTable(false)

        private init() {
            for range in TableNumbers.ranges(FastUnicode.marks) { isMark.fill(range, true) }
            for range in TableNumbers.ranges(FastUnicode.removed) {
                isRemoved.fill(range, true)
            }
            for range in ScalarActions.whitespace { isSpace.fill(range, true) }
        }
    }

    static let combiningClasses = CombiningClasses(FastUnicode.combiningClasses)

    /// A scalar and which scalar of the text it came from.
    private struct Scalar {
        let code: Int
        let origin: Int32
    }

    init(_ options: BertNormalization) { self.options = options }

    /// Normalised UTF-8, and for each of its scalars the scalar of `text` it came from.
    func normalize(
        _ text: UnsafeBufferPointer<UInt8>
    ) -> (bytes: [UInt8], origins: [Int32]) {
        var scalars = cleaned(text)
        if options.stripsAccents {
            let isMark = Tables.shared.isMark
            scalars = Self.decompose(scalars).filter { !isMark[$0.code] }
        }
        if options.lowercases {
            scalars = scalars.flatMap { scalar in
                UnicodeMappings.lowercase(of: scalar.code).map {
                    Scalar(code: $0, origin: scalar.origin)
                }
            }
        }
        var bytes: [UInt8] = []
        for scalar in scalars {
            guard let scalar = Unicode.Scalar(UInt32(scalar.code)) else { continue }
            bytes.append(contentsOf: UTF8.encode(scalar).map { Array($0) } ?? [])
        }
        return (bytes: bytes, origins: scalars.map(\.origin))
    }

    /// Without controls, white space as spaces, and spaces around ideographs.
    private func cleaned(_ text: UnsafeBufferPointer<UInt8>) -> [Scalar] {
        let tables = Tables.shared
        var result: [Scalar] = []
        var origin: Int32 = 0
        for scalar in String(decoding: text, as: UTF8.self).unicodeScalars {
            var code = Int(scalar.value)
            let space = Scalar(code: 0x20, origin: origin)
            defer { origin += 1 }
            if options.cleansText {
                if tables.isRemoved[code] { continue }
                if tables.isSpace[code] { code = 0x20 }
            }
            let isIdeograph =
                options.separatesIdeographs && Ideographs.fast.contains { $0.contains(code) }
            if isIdeograph { result.append(space) }
            result.append(Scalar(code: code, origin: origin))
            if isIdeograph { result.append(space) }
        }
        return result
    }

    /// Canonical decomposition. `tokenizers` tells where a scalar came from by counting: each
    /// first scalar of a decomposition, in the order after sorting, takes the next of the
    /// text's, each further one the same as the scalar before it.
    private static func decompose(_ scalars: [Scalar]) -> [Scalar] {
        var parts: [(code: Int, isFirst: Bool)] = []
        var marksStart = 0
        for scalar in scalars {
            for (number, code) in ScalarActions.decompose(scalar.code).enumerated() {
                let rank = combiningClasses[code]
                var position = parts.count
                if rank == 0 {
                    marksStart = position + 1
                } else {
                    while position > marksStart,
                        combiningClasses[parts[position - 1].code] > rank
                    {
                        position -= 1
                    }
                }
                parts.insert((code: code, isFirst: number == 0), at: position)
            }
        }
        var taken = 0
        return parts.map { part in
            if part.isFirst { taken += 1 }
            return Scalar(code: part.code, origin: scalars[max(taken - 1, 0)].origin)
        }
    }
}
