import ArgumentParser
import MartletGraphs

/// What a model is compiled for when no data says so.
struct SizeOptions: ParsableArguments {
    @Option(help: "What to compile for: train or infer.")
    var mode = Mode.train

    @Option(help: "Examples in a batch.")
    var batchSize = 128

    @Option(help: "Tokens in an example; the model's own number by default.")
    var sequenceLength: Int?

    func validate() throws {
        try requirePositive(batchSize, "--batch-size")
        if let sequenceLength { try requirePositive(sequenceLength, "--sequence-length") }
    }

    var changes: ModelCatalog.Changes { ModelCatalog.Changes(sequenceLength: sequenceLength) }
}

extension Mode: ExpressibleByArgument {}

/// - Throws: `ValidationError` for numbers below 1, or too large for an index.
func requirePositive(_ value: Int, _ option: String) throws {
    guard (1...Int(Int32.max)).contains(value) else {
        throw ValidationError("\(option) is \(value), expected 1 or more")
    }
}
