import Martlet
import MartletGraphs

/// A bare encoder ready to run on batches, each as long as its longest sequence.
final class EncoderSession {
    let hiddenSize: Int
    let hasPooler: Bool
    private static let states = "last_hidden_state"
    private static let pooled = "pooler_output"
    private let session: PlanSession
    private let bound: Int
    private let paddingID: Int32
    /// Tokens in a row of the last run.
    private(set) var length = 0

    init(
        _ loaded: PretrainedEncoder, batchSize: Int, length: Int, backend: BackendOption,
        threadCount: Int?
    ) throws {
        let traced = try loaded.model.trace(training: false, batchBound: batchSize)
        let outputs = Dictionary(
            traced.outputs.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        guard let states = outputs["sequence_output"],
            let size = states.type.shape.dimensions.last?.fixed
        else {
            throw UserError("the model has no output of states")
        }
        // Only what is written is computed.
        traced.builder.output(Self.states, states.value)
        let pooled = outputs["pooled_output"]
        if let pooled { traced.builder.output(Self.pooled, pooled.value) }
        hiddenSize = size
        hasPooler = pooled != nil
        bound = length
        paddingID = Int32(loaded.tokenizer.paddingID)
        let plan = try Plan(PassPipeline.inference().run(traced.builder.build()))
        let store = ParameterStore()
        let pool = try ThreadPool(threadCount: threadCount)
        session = try backend.executor().session(for: plan, store: store, pool: pool)
        for (name, values) in loaded.weights {
            _ = store.floats(name).update(from: values)
        }
    }

    /// Runs on sequences that are filled up to the longest of them.
    func run(_ encodings: [TokenEncoding]) throws {
        let columns: [(name: String, values: KeyPath<TokenEncoding, [Int32]>, padding: Int32)] = [
            ("input_ids", \.ids, paddingID), ("attention_mask", \.attentionMask, 0),
            ("token_type_ids", \.typeIDs, 0),
        ]
        length = SequenceLength.filledUp(encodings.map(\.count).max() ?? 1, bound: bound)
        for column in columns {
            guard let address = session.address(ofInput: column.name) else { continue }
            let buffer = address.assumingMemoryBound(to: Int32.self)
            for (row, encoding) in encodings.enumerated() {
                let values = encoding[keyPath: column.values]
                let count = min(values.count, length)
                (buffer + row * length).update(from: values, count: count)
                (buffer + row * length + count).update(
                    repeating: column.padding, count: length - count)
            }
        }
        try session.run(SymbolExtents(["batch": encodings.count, "length": length]))
    }

    /// Valid until the next run.
    func states(rowCount: Int) -> UnsafeBufferPointer<Float> {
        floats(Self.states, count: rowCount * length * hiddenSize)
    }

    func pooled(rowCount: Int) -> UnsafeBufferPointer<Float> {
        floats(Self.pooled, count: rowCount * hiddenSize)
    }

    private func floats(_ name: String, count: Int) -> UnsafeBufferPointer<Float> {
        guard let output = session.output(name) else {
            return UnsafeBufferPointer(start: nil, count: 0)
        }
        return UnsafeBufferPointer(
            start: output.base.assumingMemoryBound(to: Float.self), count: count)
    }
}
