import Martlet
import MartletGraphs

/// Labelled news: a file in the layout of AG News, or the embedded corpus.
struct NewsData {
    let texts: [String]
    let labels: [Int32]

    init(path: String) throws {
        let examples = try AGNewsReader(path: path).readAll()
        texts = examples.map(\.text)
        labels = examples.map(\.label)
    }

    init(_ corpus: NewsCorpus) {
        texts = corpus.rows.map(\.text)
        labels = corpus.rows.map { Int32($0.label) }
    }

    var news: [AGNewsExample] {
        zip(texts, labels).map { AGNewsExample(text: $0, label: $1) }
    }

    var examples: Examples { Examples(x: DataArray(texts), y: DataArray(labels)) }
}
