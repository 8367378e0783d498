import Martlet

extension ModelCatalog {
    /// BERTs of three sizes with a head of four classes, to be timed; weights are random.
    static let bertClassifiers: [Entry] = [
        bertClassifier("bert-small", "4 layers of 128", .small),
        bertClassifier("bert-minilm", "6 layers of 384, as MiniLM", .miniLM),
        bertClassifier("bert-base", "12 layers of 768", .base),
    ]

    private static func bertClassifier(
        _ name: String, _ sizes: String, _ configuration: BERTConfiguration
    ) -> Entry {
        let head = EncoderHead.sequenceClassification(labels: AGNewsTransformer.classNames.count)
        return Entry(
            name: name, abstract: "a BERT of \(sizes) that tells the topic of a news item",
            classNames: AGNewsTransformer.classNames,
            vocabularySize: configuration.vocabularySize,
            recipe: Recipe(
                optimizer: .huggingFaceAdamW(),
                loss: .sparseCategoricalCrossentropy(fromLogits: true), batchSize: 32,
                epochCount: 3),
            benchmarkNames: BenchmarkNames(
                weights: [:], inputs: [:],
                map: BERT.tensorMap(configuration, head: head, isNested: true)),
            givesLogits: true
        ) { changes in
            try BERT.model(
                configuration.with(dropout: changes.dropout), head: head,
                maxLength: changes.sequenceLength ?? 128)
        }
    }
}
