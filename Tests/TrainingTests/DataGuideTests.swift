import Foundation
import MartletText
import MartletTraining
import TestSupport
import Testing

/// Runs the code of `docs/data.md`, and checks that it is the guide's code.
@Suite final class DataGuideTests {
    let folder: URL
    let path: String
    let newsPath: String

    init() throws {
        folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("martlet-guide-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        path = folder.appendingPathComponent("rows.csv").path
        newsPath = folder.appendingPathComponent("news.csv").path
        try "label,text\n2,\"a, b\"\n".write(toFile: path, atomically: true, encoding: .utf8)
        try "3,Stocks,rally\n1,Talks,again\n"
            .write(toFile: newsPath, atomically: true, encoding: .utf8)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    @Test func files() async throws {
        var printed: [String] = []
        func print(_ label: Int, _ text: String) { printed.append("\(label) \(text)") }

        let reader = CSVReader(path: path, options: .init(requiredColumns: ["label", "text"]))
        for try await row in reader {
            let label = try row.integer("label", in: 0...3)
            print(label, try row.string("text"))
        }

        #expect(printed == ["2 a, b"])
    }

    @Test func pipelines() async throws {
        let news = AGNewsReader(path: newsPath)
        var vectorizer = try TextVectorizer(.init(maxTokens: 20_000, outputSequenceLength: 256))
        try await vectorizer.adapt(Dataset(news).map { $0.text })
        let batch = try vectorizer.encode(["Stocks rally again"])  // batch.ids: 1 × 256

        #expect(batch[0].prefix(4).elementsEqual([3, 4, 5, 0]))

        var printed: [Int] = []
        func print(_ count: Int) { printed.append(count) }

        let vectorize = vectorizer
        let train = try Dataset(news)
            .shuffled(bufferSize: 10_000, seed: 1)
            .batched(128)
            .map { batch in
                (
                    ids: try vectorize.encode(batch.map { $0.text }).ids,
                    labels: batch.map { $0.label }
                )
            }
            .prefetched()
        for try await batch in train {
            print(batch.labels.count)
        }

        #expect(printed == [2])
    }

    @Test func guideShowsThisCode() throws {
        try Guide("docs/data.md").expectCode(minimumLineCount: 20)
    }
}
