import MartletText
import Testing

@Suite struct TextVectorizerGoldenTests {
    let goldens: VectorizationGoldens

    init() throws {
        goldens = try VectorizationGoldens.load()
        try #require(goldens.cases.count >= 50)
    }

    private func vectorizer(_ golden: VectorizationGoldens.Case) throws -> TextVectorizer {
        if let vocabulary = golden.givenVocabulary {
            return try TextVectorizer(
                golden.options.inMartlet, vocabulary: vocabulary,
                idfWeights: golden.givenIDFWeights)
        }
        var vectorizer = try TextVectorizer(golden.options.inMartlet)
        let name = try #require(golden.adapt)
        try vectorizer.adapt(try #require(goldens.texts[name]))
        return vectorizer
    }

    @Test func vocabulariesEqualKeras() throws {
        for golden in goldens.cases {
            // Swift's == would take é and e + U+0301 for equal.
            let received = try vectorizer(golden).vocabulary.map { Array($0.utf8) }
            let isEqual = received == golden.vocabulary.map { Array($0.utf8) }
            #expect(isEqual, "\(golden.name)")
        }
    }

    @Test func idsEqualKeras() throws {
        let cases = goldens.cases.filter { $0.options.inMartlet.outputMode == .int }
        #expect(cases.count >= 30)
        for golden in cases {
            let inputs = try #require(goldens.texts[golden.inputs])
            let batch = try vectorizer(golden).encode(inputs)
            #expect(batch.rowCount == golden.output.count, "\(golden.name)")
            for (row, expected) in golden.output.enumerated() {
                #expect(
                    batch[row].elementsEqual(expected.map { Int32($0) }),
                    "\(golden.name), text \(row)")
            }
        }
    }

    @Test func featuresEqualKeras() throws {
        let cases = goldens.cases.filter { $0.options.inMartlet.outputMode != .int }
        #expect(cases.count >= 15)
        for golden in cases {
            let inputs = try #require(goldens.texts[golden.inputs])
            let batch = try vectorizer(golden).features(of: inputs)
            #expect(batch.rowCount == golden.output.count, "\(golden.name)")
            for (row, expected) in golden.output.enumerated() {
                // Exact, but for tf-idf: Keras sums the mean weight in single precision.
                let isEqual = batch[row].elementsEqual(expected) { received, expected in
                    abs(received - expected) <= 1e-6 * abs(expected)
                }
                #expect(isEqual, "\(golden.name), text \(row)")
            }
        }
    }
}
