import Foundation
import Martlet
import MartletGraphs
import TestSupport

/// What transformers computes with one of the checkpoints in `Goldens/data/pretrained`.
struct PretrainedGolden: Decodable, Sendable {
    let name: String
    let inputs: [String: GoldenTensor]
    /// After each block.
    let hiddenStates: [GoldenTensor]
    let parameterCount: Int
    let poolerOutput: GoldenTensor?
    let logits: GoldenTensor?
    let labels: GoldenTensor?
    /// Before each of five AdamW steps, without dropout.
    let losses: [Double]?

    var folder: String { Self.root + "/" + name }

    static let root = GoldenFiles.folder.appendingPathComponent("pretrained").path

    static func load() throws -> [PretrainedGolden] {
        try GoldenFile<PretrainedGolden>.load("pretrained/expected").cases
    }

    static func named(_ name: String) throws -> PretrainedGolden {
        guard let golden = try load().first(where: { $0.name == name }) else {
            throw GoldenError.noCases(subject: name)
        }
        return golden
    }

    var head: EncoderHead { logits == nil ? .bare : .sequenceClassification() }

    /// The checkpoint, whichever architecture it is.
    func model(head: EncoderHead? = nil) throws -> LoadedModel {
        try LoadedModel(folder, head ?? self.head)
    }
}

/// A loaded checkpoint without its configuration's type.
struct LoadedModel {
    let model: Model
    let weights: [String: [Float]]
    let report: WeightReport
    let save: (String) throws -> Void

    init(_ folder: String, _ head: EncoderHead, options: LoadingOptions = LoadingOptions()) throws {
        let loaded = try PretrainedEncoder(folder, head: head, options: options)
        model = loaded.model
        weights = loaded.weights
        report = loaded.report
        save = { try loaded.save(to: $0) }
    }
}

/// Runs a graph whose weights are given, by the interpreted plan.
struct PlanRunner {
    let session: PlanSession

    /// - Parameter values: inputs kept from run to run, by name; others are 0.
    init(_ graph: Graph, _ values: [String: [Float]]) throws {
        let plan = try Plan(graph)
        let store = ParameterStore()
        session = try PlanSession(
            plan, store: store, pool: try ThreadPool(threadCount: 2), isPoisoned: true)
        for (name, values) in values {
            for (index, value) in zip(store.floats(name).indices, values) {
                store.floats(name)[index] = value
            }
        }
    }

    /// Runs with these i32 inputs of shape `[batch, length]`, or `[batch]`.
    func run(_ inputs: [String: GoldenTensor], step: Int = 0) throws {
        var extents: [String: Int] = [:]
        for (name, tensor) in inputs {
            guard let base = session.address(ofInput: name) else { continue }
            base.assumingMemoryBound(to: Int32.self)
                .update(from: tensor.int32s, count: tensor.values.count)
            extents["batch"] = tensor.shape[0]
            if tensor.shape.count > 1 { extents["length"] = tensor.shape[1] }
        }
        session.address(ofInput: "step")?.storeBytes(of: Int64(step), as: Int64.self)
        try session.run(SymbolExtents(extents))
    }

    func output(_ name: String, count: Int) -> [Float] {
        guard let output = session.output(name) else { return [] }
        return Array(
            UnsafeBufferPointer(
                start: output.base.assumingMemoryBound(to: Float.self), count: count))
    }
}
