import Foundation
import Martlet
import MartletGraphs
import MartletInterchange

/// One step of a model, compiled, with weights and inputs in place.
struct BenchmarkStep {
    /// As the backend runs it.
    let plan: Plan
    let floatingPointOperationCount: Double
    let compileMilliseconds: Double
    private let store = ParameterStore()
    private let session: PlanSession
    private let entry: ModelCatalog.Entry
    private let step: StepGraph
    private let extents: SymbolExtents

    init(
        _ entry: ModelCatalog.Entry, _ sizes: SizeOptions, passes: PassOptions,
        backend: BackendOption, pool: ThreadPool, profile: PlanProfile? = nil
    ) throws {
        let clock = ContinuousClock()
        let start = clock.now
        step = try StepGraph(
            entry, mode: sizes.mode, batchSize: sizes.batchSize, changes: sizes.changes,
            passes: passes, verifies: false)
        let executor = try backend.executor()
        let whole = try Plan(step.pipeline.run(step.start))
        plan = try executor.prepared(whole)
        session = try executor.session(for: plan, store: store, pool: pool, profile: profile)
        compileMilliseconds = clock.now.milliseconds(since: start)
        self.entry = entry
        extents = SymbolExtents(["batch": sizes.batchSize])
        floatingPointOperationCount = whole.productOperationCount(extents)
        try initialize(entry.model(sizes.changes))
        fillInputs()
    }

    /// Random weights by the model's own initializers, and the optimizer's state as it begins.
    private func initialize(_ model: Model) throws {
        let parameters = try model.parameters
        for parameter in parameters {
            try set(parameter.name, parameter.type, parameter.initialValues(seed: 1))
        }
        let types = parameters.filter(\.isTrainable).map { ($0.name, $0.type) }
        for slot in step.recipe.optimizer.slots(for: types) where store.type(of: slot.name) != nil {
            let count = slot.type.shape.fixed?.reduce(1, *) ?? 0
            try set(
                slot.name, slot.type, [Float](repeating: Float(slot.initialValue), count: count))
        }
    }

    private func set(_ name: String, _ type: TensorType, _ values: [Float]) throws {
        try store.buffer(name, type)
        let target = store.floats(name)
        guard target.count == values.count else {
            throw UserError(
                "\(name): \(values.count) values were given, expected \(type)")
        }
        _ = target.update(from: values)
    }

    /// Random token ids without padding, one segment, and random labels.
    private func fillInputs() {
        let constants = [
            EncoderInputNames.huggingFace.mask: 1, EncoderInputNames.huggingFace.typeIDs: 0,
        ]
        for (number, input) in plan.inputs.map(\.input).enumerated() where input.role == .data {
            guard let address = session.address(ofInput: input.inputName),
                input.type.dtype == .i32
            else { continue }
            let isLabel = input.inputName == StepGraph.labels
            let ids = isLabel ? 0..<entry.classNames.count : 1..<entry.vocabularySize
            let random = RandomSource(seed: 7, stream: UInt64(number))
            let values = address.assumingMemoryBound(to: Int32.self)
            for index in 0..<elementCount(of: input.type) {
                if let constant = constants[input.inputName] {
                    values[index] = Int32(constant)
                    continue
                }
                let choice = random.integer(at: UInt64(index), below: ids.count)
                values[index] = Int32(ids.lowerBound + choice)
            }
        }
    }

    private func elementCount(of type: TensorType) -> Int {
        type.shape.evaluated { extents($0) }?.reduce(1, *) ?? 0
    }

    func run() throws { try session.run(extents) }

    /// Bytes for everything that lives within a step, and the least that any placement needs.
    var arenaByteCount: (taken: Int, lowerBound: Int) {
        (session.arenaByteCount, session.arenaLowerBoundByteCount)
    }

    // MARK: Weights, inputs and outputs as files

    /// Replaces the weights by those of a file, under the names the benchmarks give them.
    func loadWeights(_ path: String) throws {
        let file = try SafetensorsFile(path: path)
        for parameter in plan.inputs.map(\.input) where parameter.role == .parameter {
            let (ours, type) = (parameter.inputName, parameter.type)
            if let map = entry.benchmarkNames.map,
                let values = try map.floats(of: ours, extents: type.shape.fixed ?? [], in: file)
            {
                try set(ours, type, values)
                continue
            }
            let theirs = entry.benchmarkNames.weights[ours] ?? ours
            let tensor = try file.tensor(theirs)
            guard tensor.shape == type.shape.fixed else {
                throw UserError(
                    "\(path): \(theirs) has the shape \(tensor.shape), expected \(type.shape)")
            }
            try set(ours, type, file.floats(theirs))
        }
    }

    /// Replaces token ids and labels by those of a file.
    func loadInputs(_ path: String) throws {
        let file = try SafetensorsFile(path: path)
        for input in plan.inputs.map(\.input) where input.role == .data {
            guard let address = session.address(ofInput: input.inputName) else { continue }
            let name = entry.benchmarkNames.inputs[input.inputName] ?? input.inputName
            let byteCount = elementCount(of: input.type) * input.type.dtype.byteCount
            try file.read(
                name, into: UnsafeMutableRawBufferPointer(start: address, count: byteCount))
        }
    }

    /// Runs once and writes the classes' probabilities as a float32 `.npy` file.
    func writeOutputs(_ path: String) throws {
        try run()
        guard let (base, type) = session.output(step.output), type.dtype == .f32 else {
            throw UserError("--outputs needs --mode infer: a training step keeps no output")
        }
        let count = elementCount(of: type)
        var values = Array(
            UnsafeBufferPointer(start: base.assumingMemoryBound(to: Float.self), count: count))
        let shape = type.shape.evaluated { extents($0) } ?? [count]
        if entry.givesLogits {
            values = softmax(ofLogits: values, classCount: shape.last ?? 1).flatMap { $0 }
        }
        try values.withUnsafeBufferPointer { try NumPyFile.write($0, shape: shape, to: path) }
    }
}
