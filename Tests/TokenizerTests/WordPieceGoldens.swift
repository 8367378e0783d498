import Foundation
import MartletFiles
import MartletJSON
import MartletText
import Testing

/// What the real `tokenizers` and `transformers` made of a small vocabulary.
enum WordPieceGoldens {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Goldens/data/wordpiece").path

    static func document(_ name: String) throws -> JSONValue {
        try JSONValue(parsing: try ReadableFile.contents(of: "\(folder)/\(name).json"))
    }

    static func cases(_ name: String) throws -> [JSONValue] {
        let cases = try #require(try document(name)["cases"]?.arrayValue)
        #expect(!cases.isEmpty)
        return cases
    }

    static func vocabularyFile() throws -> [UInt8] {
        try ReadableFile.contents(of: "\(folder)/vocab.txt")
    }

    /// The tokenizer whose configuration the case gives.
    static func tokenizer(
        _ fields: JSONValue, _ behavior: WordPieceTokenizer.Behavior = .fast
    ) throws -> WordPieceTokenizer {
        let lowercases = fields["lowercase"]?.boolValue ?? true
        return try WordPieceTokenizer(
            vocabularyFile: try vocabularyFile(),
            normalization: BertNormalization(
                lowercases: lowercases,
                stripsAccents: fields["strip_accents"]?.boolValue,
                separatesIdeographs: fields["handle_chinese_chars"]?.boolValue ?? true,
                cleansText: fields["clean_text"]?.boolValue ?? true),
            behavior: behavior)
    }
}

extension JSONValue {
    var strings: [String] { (arrayValue ?? []).compactMap(\.stringValue) }
    var integers: [Int] { (arrayValue ?? []).compactMap(\.integerValue) }
}

/// Compares an encoding with one that `tokenizers` made; both tell all their fields.
func expectEqual(
    _ encoding: TokenEncoding, _ golden: JSONValue, _ name: String,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    func integers(_ values: [Int32]) -> JSONValue { .array(values.map { .integer(Int64($0)) }) }
    func optional(_ values: [Int?]) -> JSONValue {
        .array(values.map { $0.map { .integer(Int64($0)) } ?? .null })
    }
    let offsets = JSONValue.array(
        encoding.offsets.map {
            [.integer(Int64($0.lowerBound)), .integer(Int64($0.upperBound))]
        })
    for (key, value) in [
        ("ids", integers(encoding.ids)), ("type_ids", integers(encoding.typeIDs)),
        ("attention_mask", integers(encoding.attentionMask)),
        ("special_tokens_mask", integers(encoding.specialTokensMask)), ("offsets", offsets),
        ("word_ids", optional(encoding.wordIDs)),
        ("sequence_ids", optional(encoding.sequenceIDs)),
    ] {
        #expect(golden[key] == value, "\(name): \(key)", sourceLocation: sourceLocation)
    }
    guard let overflow = golden["overflow"]?.arrayValue else { return }
    #expect(
        encoding.overflow.count == overflow.count, "\(name): overflow",
        sourceLocation: sourceLocation)
    for (number, (part, golden)) in zip(encoding.overflow, overflow).enumerated() {
        expectEqual(
            part, golden, "\(name): overflow \(number)", sourceLocation: sourceLocation)
    }
}
