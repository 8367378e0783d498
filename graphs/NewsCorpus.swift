import Foundation

/// A small English news corpus of four topics, laid out as AG News: what `martlet train` learns from
/// when no files are given, and what tests use.
///
/// A grammar written for this project makes the rows; no text is taken from anywhere and the people,
/// companies and teams are invented. Topics share many words, and a few rows say little about their
/// topic, so a classifier that counts words is right for about 96 of 100 rows.
public struct NewsCorpus: Hashable, Sendable {
    public struct Row: Hashable, Sendable {
        /// 0 World, 1 Sports, 2 Business, 3 Sci/Tech.
        public let label: Int
        public let title: String
        public let description: String

        /// What a model reads: title, a space, description; 20 to 60 words.
        public var text: String { title + " " + description }
    }

    /// The names of labels 0 to 3, as in AG News.
    public static let classNames = ["World", "Sports", "Business", "Sci/Tech"]

    public let rows: [Row]

    /// Rows to learn from. Equal arguments give equal rows, and fewer rows are the first of more.
    ///
    /// - Parameter rowCount: each run of four rows holds every topic once; none if not positive.
    public static func training(rowCount: Int = 4_000, seed: UInt64 = 1) -> NewsCorpus {
        NewsCorpus(rowCount: rowCount, seed: seed, stream: 1)
    }

    /// Rows to judge by, made from other random numbers than `training` for any seed.
    ///
    /// - Parameter rowCount: each run of four rows holds every topic once; none if not positive.
    public static func validation(rowCount: Int = 800, seed: UInt64 = 1) -> NewsCorpus {
        NewsCorpus(rowCount: rowCount, seed: seed, stream: 2)
    }

    private init(rowCount: Int, seed: UInt64, stream: UInt64) {
        let editor = NewsEditor()
        rows = (0..<max(rowCount, 0)).map { row in
            let label = Self.label(ofRow: row, seed: seed, stream: stream)
            return editor.row(
                label: label, random: NewsRandom(seed: seed, stream: stream, row: row))
        }
    }

    /// The four labels in a new order for every four rows.
    private static func label(ofRow row: Int, seed: UInt64, stream: UInt64) -> Int {
        let block = row / 4
        var random = NewsRandom(seed: seed, stream: stream &+ 2, row: block)
        var labels = [0, 1, 2, 3]
        for last in [3, 2, 1] { labels.swapAt(last, random.next(below: last + 1)) }
        return labels[row % 4]
    }

    /// The rows as an AG News file: `"class","title","description"`, class 1 to 4, no header, quotes
    /// doubled.
    public var csv: String {
        rows.map { row in
            let fields = [String(row.label + 1), row.title, row.description]
            return fields.map { "\"\($0.replacing("\"", with: "\"\""))\"" }.joined(separator: ",")
                + "\n"
        }.joined()
    }

    /// Writes `csv` in UTF-8.
    public func writeCSV(to url: URL) throws {
        try Data(csv.utf8).write(to: url, options: .atomic)
    }
}
