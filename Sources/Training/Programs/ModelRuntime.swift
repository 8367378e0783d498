import Foundation
import MartletCodegen
import MartletIR
import MartletLayers
import MartletMemoryPlan
import MartletRuntime

/// What training keeps with a model: its weights, how it was compiled, its programs, the number of
/// updates done.
///
/// Unchecked: every access to the state below happens under `lock`, which is held for one step at
/// most and never across a suspension.
final class ModelRuntime: @unchecked Sendable {
    private let lock = NSLock()
    private var options = TrainingOptions()
    private var compilation: Compilation?
    private var diagnostics: [Diagnostic] = []
    private var store = ParameterStore()
    /// Empty until the weights exist.
    private var specifications: [ParameterSpecification] = []
    private var programs = ProgramCache()
    private var updateCount: Int64 = 0
    private var isTraining = false

    static func of(_ model: Model) -> ModelRuntime {
        model.attachment { ModelRuntime() }
    }

    // MARK: Compiling

    /// Takes a new compilation: optimizer state starts anew, weights stay.
    func compile(_ model: Model, _ compilation: Compilation, _ options: TrainingOptions) throws {
        try compilation.validate()
        // Tracing finds what does not fit now rather than at the first batch.
        let key = ProgramKey(mode: .evaluation)
        let found = try ProgramGraph(
            model, key, batchBound: 1, compilation: compilation, options: options
        ).diagnostics
        try options.refuse(found)
        try lock.withLock {
            guard !isTraining else {
                throw TrainingError(
                    "compile", "the model is being trained; wait until fit returns")
            }
            let weights = specifications.isEmpty ? [:] : snapshot()
            self.compilation = compilation
            diagnostics = found
            self.options = options
            programs = ProgramCache(compilation, options)
            updateCount = 0
            store = ParameterStore()
            specifications = []
            if !weights.isEmpty {
                try makeWeights(of: model)
                restore(weights)
            }
        }
    }

    var compiled: Compilation? { lock.withLock { compilation } }

    var currentOptions: TrainingOptions { lock.withLock { options } }

    /// What data of a mode is checked against.
    func signature(_ model: Model, _ mode: ProgramMode) throws -> InputSignature {
        let loss = mode == .prediction ? nil : compiled?.loss
        return try InputSignature(model, loss: loss)
    }

    // MARK: Weights

    /// The weights by name. Makes them if need be.
    func weights(of model: Model) throws -> [String: [Float]] {
        try lock.withLock {
            try makeWeights(of: model)
            return snapshot()
        }
    }

    /// Sets some weights.
    ///
    /// - Throws: `TrainingError` for a name or a number of elements that does not fit; nothing is
    ///   changed then.
    func setWeights(_ weights: [String: [Float]], of model: Model) throws {
        try lock.withLock {
            let all = specifications.isEmpty ? try model.parameters : specifications
            let index = Dictionary(
                all.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
            for (name, values) in weights.sorted(by: { $0.key < $1.key }) {
                guard let known = index[name] else {
                    throw TrainingError(
                        "weights",
                        "there is no weight \"\(name)\"; the model has "
                            + all.map(\.name).joined(separator: ", "))
                }
                guard known.elementCount == values.count else {
                    throw TrainingError(
                        "weights",
                        "\"\(name)\" is \(known.type), which has \(known.elementCount) "
                            + "elements; received \(values.count)")
                }
            }
            try makeWeights(of: model, given: weights)
            restore(weights)
        }
    }

    /// - Parameter given: weights that need no initial values, which take long to draw.
    private func makeWeights(of model: Model, given: [String: [Float]] = [:]) throws {
        guard specifications.isEmpty else { return }
        let found = try model.parameters
        for specification in found {
            let values =
                try given[specification.name] ?? specification.initialValues(seed: options.seed)
            try write(values, to: specification.name, specification.type)
        }
        specifications = found
        for slot in slots {
            let count = slot.type.shape.fixed?.reduce(1, *) ?? 0
            try write(
                [Float](repeating: Float(slot.initialValue), count: count), to: slot.name,
                slot.type)
        }
    }

    /// The optimizer's state; none without a compilation.
    func slots(of model: Model) throws -> [(slot: OptimizerSlot, values: [Float])] {
        try lock.withLock {
            try makeWeights(of: model)
            return slots.map { ($0, Array(store.floats($0.name))) }
        }
    }

    /// Sets the optimizer's state and the number of updates done.
    func setSlots(_ values: [String: [Float]], updateCount: Int, of model: Model) throws {
        try lock.withLock {
            try makeWeights(of: model)
            restore(values)
            self.updateCount = Int64(updateCount)
        }
    }

    private var slots: [OptimizerSlot] {
        let trained = specifications.filter(\.isTrainable).map { ($0.name, $0.type) }
        return compilation?.optimizer.slots(for: trained) ?? []
    }

    private func write(_ values: [Float], to name: String, _ type: TensorType) throws {
        try store.buffer(name, type)
        let target = store.floats(name)
        for (index, value) in values.enumerated() where index < target.count {
            target[index] = value
        }
    }

    private func snapshot() -> [String: [Float]] {
        var weights: [String: [Float]] = [:]
        for specification in specifications {
            weights[specification.name] = Array(store.floats(specification.name))
        }
        return weights
    }

    private func restore(_ weights: [String: [Float]]) {
        for (name, values) in weights {
            let target = store.floats(name)
            for (index, value) in values.enumerated() where index < target.count {
                target[index] = value
            }
        }
    }

    // MARK: Learning rate

    /// The learning rate now.
    func learningRate(of model: Model) throws -> Double {
        try lock.withLock {
            try makeWeights(of: model)
            guard let optimizer = compilation?.optimizer else { throw Self.notCompiled() }
            if optimizer.learningRate.constant != nil,
                let rate = store.floats(optimizer.learningRateSlotName).first
            {
                return Double(rate)
            }
            return try optimizer.learningRate.value(at: Int(updateCount))
        }
    }

    func setLearningRate(_ rate: Double, of model: Model) throws {
        try lock.withLock {
            try makeWeights(of: model)
            guard let optimizer = compilation?.optimizer else { throw Self.notCompiled() }
            guard rate >= 0, rate.isFinite else {
                throw TrainingError(
                    "learning rate", "\(rate) is no finite number of 0 or more")
            }
            let slot = store.floats(optimizer.learningRateSlotName)
            guard optimizer.learningRate.constant != nil, !slot.isEmpty else {
                throw TrainingError(
                    "learning rate",
                    "it follows a schedule, which cannot be set; compile with a constant rate")
            }
            slot[0] = Float(rate)
        }
    }

    private static func notCompiled() -> TrainingError {
        TrainingError("model", "it has no optimizer yet; call compile(optimizer:loss:) first")
    }

    // MARK: Training

    /// Only one training at a time.
    func beginTraining() throws {
        try lock.withLock {
            guard compilation != nil else { throw Self.notCompiled() }
            guard !isTraining else {
                throw TrainingError(
                    "fit", "the model is being trained already; wait until the other fit returns")
            }
            isTraining = true
        }
    }

    func endTraining() { lock.withLock { isTraining = false } }

    var stepCount: Int { lock.withLock { Int(updateCount) } }

    /// Runs a training or evaluation program on rows of a batch and adds to the means.
    ///
    /// Allocates nothing once the program and the number of rows are known.
    func run(
        _ model: Model, _ mode: ProgramMode, _ batch: PreparedBatch, rows: Range<Int>,
        order: [Int]?, batchBound: Int, into means: inout RunningMeans
    ) throws {
        try lock.withLock {
            try makeWeights(of: model)
            let program = try programs.program(
                model, mode, batch, rows: rows, order: order,
                batchBound: max(rows.count, batchBound), store: store)
            program.fill(batch, rows: rows, order: order)
            try program.run(rowCount: rows.count, step: updateCount, seed: options.seed)
            if mode == .training { updateCount += 1 }
            means.add(program, rowCount: rows.count)
        }
    }

    /// The model's outputs for a batch.
    func predict(
        _ model: Model, _ batch: PreparedBatch, rows: Range<Int>, batchBound: Int
    ) throws -> [(name: String, values: DataArray)] {
        try lock.withLock {
            try makeWeights(of: model)
            let program = try programs.program(
                model, .prediction, batch, rows: rows, order: nil,
                batchBound: max(rows.count, batchBound), store: store)
            program.fill(batch, rows: rows)
            try program.run(rowCount: rows.count, step: updateCount, seed: options.seed)
            return program.outputs.map { ($0.name, program.output($0, rowCount: rows.count)) }
        }
    }

    /// What the last `compile` found doubtful.
    var compileDiagnostics: [Diagnostic] { lock.withLock { diagnostics } }
}
