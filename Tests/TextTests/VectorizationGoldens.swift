import Foundation
import MartletText
import Testing

/// What Keras's `TextVectorization` gave; see `Tests/Goldens/text_vectorization.py`.
struct VectorizationGoldens: Decodable {
    struct Case: Decodable, Sendable {
        var name: String
        var options: Options
        var adapt: String?
        var givenVocabulary: [String]?
        var givenIDFWeights: [Float]?
        var inputs: String
        var vocabulary: [String]
        var output: [[Float]]
    }

    /// Keras's arguments, `None` written as `"none"`.
    struct Options: Decodable, Sendable {
        enum CodingKeys: String, CodingKey {
            case maxTokens = "max_tokens"
            case standardize, split, ngrams
            case outputMode = "output_mode"
            case outputSequenceLength = "output_sequence_length"
            case padToMaxTokens = "pad_to_max_tokens"
        }

        var maxTokens: Int?
        var standardize: TextVectorizerOptions.Standardize?
        var split: TextVectorizerOptions.Split?
        var ngrams: TextVectorizerOptions.Ngrams?
        var outputMode: TextVectorizerOptions.OutputMode?
        var outputSequenceLength: Int?
        var padToMaxTokens: Bool?

        var inMartlet: TextVectorizerOptions {
            TextVectorizerOptions(
                maxTokens: maxTokens,
                standardize: standardize ?? .lowerAndStripPunctuation,
                split: split ?? .whitespace,
                ngrams: ngrams,
                outputMode: outputMode ?? .int,
                outputSequenceLength: outputSequenceLength,
                padToMaxTokens: padToMaxTokens ?? false)
        }
    }

    var texts: [String: [String]]
    var cases: [Case]

    static func load() throws -> VectorizationGoldens {
        let url = try #require(
            Bundle.module.url(
                forResource: "text_vectorization", withExtension: "json",
                subdirectory: "Resources"))
        return try JSONDecoder().decode(VectorizationGoldens.self, from: Data(contentsOf: url))
    }
}
