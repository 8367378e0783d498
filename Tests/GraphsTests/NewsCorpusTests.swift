import Foundation
import MartletGraphs
import MartletText
import Testing

@Suite struct NewsCorpusTests {
    private static let training = NewsCorpus.training()
    private static let validation = NewsCorpus.validation()

    private func words(_ text: String) -> [Substring] { text.split(separator: " ") }

    @Test func equalArgumentsGiveEqualRows() {
        let corpus = NewsCorpus.training(rowCount: 40, seed: 7)
        #expect(corpus == NewsCorpus.training(rowCount: 40, seed: 7))
        #expect(corpus.rows[..<10] == NewsCorpus.training(rowCount: 10, seed: 7).rows[...])
        #expect(corpus != NewsCorpus.training(rowCount: 40, seed: 8))
        #expect(corpus != NewsCorpus.validation(rowCount: 40, seed: 7))
        #expect(NewsCorpus.training(rowCount: 0).rows.isEmpty)
        #expect(NewsCorpus.training(rowCount: -1).rows.isEmpty)
    }

    /// The rows are the same on every machine and for ever: recorded runs depend on them.
    @Test func theFirstRowIsFrozen() throws {
        let row = try #require(Self.training.rows.first)
        #expect(row.label == 0)
        #expect(row.title == "Turkish Opposition Calls for Strike")
        #expect(
            row.description == """
                Voters in Turkey stood in line for hours on Friday in the first free vote since \
                the minister took power nine years ago. Others were not so sure, and a senior \
                official announced that much can still go wrong. The next meeting is set for May \
                8 in San Francisco.
                """)
    }

    @Test func topicsAreBalancedAndMixed() {
        #expect(Self.training.rows.count == 4_000)
        #expect(Self.validation.rows.count == 800)
        for corpus in [Self.training, Self.validation] {
            for label in 0..<4 {
                #expect(corpus.rows.filter { $0.label == label }.count == corpus.rows.count / 4)
            }
            #expect(Set(stride(from: 0, to: 400, by: 4).map { corpus.rows[$0].label }).count == 4)
        }
        #expect(NewsCorpus.classNames == AGNewsReader.classNames)
    }

    @Test func textsHaveTwentyToSixtyWords() {
        for row in Self.training.rows + Self.validation.rows {
            #expect((20...60).contains(words(row.text).count), "\(row.text)")
            #expect(row.title.first?.isLowercase == false, "\(row.title)")
            #expect(row.description.last == "." || row.description.last == "\"")
            #expect(!row.text.contains { "{};|=#\\\n".contains($0) }, "\(row.text)")
        }
    }

    @Test func trainingAndValidationShareNoRow() {
        let texts = Set(Self.training.rows.map(\.text))
        #expect(texts.count > 3_990)
        #expect(Self.validation.rows.allSatisfy { !texts.contains($0.text) })
    }

    @Test func everySymbolOfTheGrammarHasARule() {
        #expect(NewsGrammar.topics.count == 4)
        for grammar in NewsGrammar.topics + [NewsGrammar.anyTopic] {
            #expect(grammar.rules.count > 15)
            let alternatives = grammar.rules.values.joined()
            let symbols = alternatives.joined(separator: " ").matches(of: /\{([A-Za-z]+)[.\d]*\}/)
                .map { $0.output.1.prefix(1).lowercased() + $0.output.1.dropFirst() }
            #expect(symbols.count > 50)
            for symbol in symbols { #expect(grammar.rules[symbol]?.isEmpty == false, "\(symbol)") }
        }
    }

    /// Learnable, but neither by a single word nor without mistakes.
    @Test func countingWordsIsRightForMostRowsOnly() {
        let classifier = NaiveBayes(Self.training.rows)
        let right = Self.validation.rows.filter { classifier.label(of: $0.text) == $0.label }
        let accuracy = Double(right.count) / Double(Self.validation.rows.count)
        #expect((0.93...0.98).contains(accuracy))
        #expect((1_500...4_000).contains(classifier.vocabulary.count))
    }

    @Test func theFileReadsBackAsAGNews() throws {
        let corpus = NewsCorpus.validation(rowCount: 200)
        #expect(corpus.rows.contains { $0.description.contains("\"") })
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("NewsCorpusTests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let url = folder.appendingPathComponent("news.csv")
        try corpus.writeCSV(to: url)

        let examples = try AGNewsReader(path: url.path).readAll()
        #expect(examples.map(\.text) == corpus.rows.map(\.text))
        #expect(examples.map(\.label) == corpus.rows.map { Int32($0.label) })
        let firstLine = try #require(corpus.csv.split(separator: "\n").first)
        let row = corpus.rows[0]
        let quoted = row.description.replacing("\"", with: "\"\"")
        #expect(firstLine == "\"\(row.label + 1)\",\"\(row.title)\",\"\(quoted)\"")
    }
}

/// Multinomial naive Bayes with add-one smoothing over lowercase words.
private struct NaiveBayes {
    private(set) var vocabulary: Set<String> = []
    private var counts = [[String: Int]](repeating: [:], count: 4)
    private var totals = [Int](repeating: 0, count: 4)

    init(_ rows: [NewsCorpus.Row]) {
        for row in rows {
            for word in Self.words(row.text) {
                vocabulary.insert(word)
                counts[row.label][word, default: 0] += 1
                totals[row.label] += 1
            }
        }
    }

    func label(of text: String) -> Int? {
        let words = Self.words(text)
        return (0..<4).map { label in
            words.reduce(0.0) { sum, word in
                let count = Double(counts[label][word, default: 0] + 1)
                return sum + log(count / Double(totals[label] + vocabulary.count))
            }
        }.enumerated().max { $0.element < $1.element }?.offset
    }

    private static func words(_ text: String) -> [String] {
        text.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init)
    }
}
