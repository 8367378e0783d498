import MartletCodegen
import MartletIR
import MartletLayers
import MartletMemoryPlan
import MartletRuntime

/// A compiled program of a model with its memory: one per mode, used by one run at a time.
final class Program {
    /// An input that is filled for every batch.
    struct DataSlot {
        let name: String
        let type: TensorType
        let base: UnsafeMutableRawPointer
    }

    /// A result of the whole run.
    struct Output {
        let name: String
        let type: TensorType
        let base: UnsafeRawPointer
    }

    let batchBound: Int
    let inputs: [DataSlot]
    let labels: DataSlot?
    let sampleWeight: DataSlot?
    let outputs: [Output]
    let metrics: [ProgramMetric]
    let diagnostics: [Diagnostic]
    private let session: PlanSession
    private let lossBase: UnsafePointer<Float>?
    private let step: UnsafeMutablePointer<Int64>?
    private let seed: UnsafeMutablePointer<Int64>?
    private var extents = ProgramExtents()

    init(
        _ program: ProgramGraph, store: ParameterStore, executor: PlanExecutor,
        pool: ThreadPool, limit: MemoryLimit?,
        profile: PlanProfile? = nil, remedy: (MemoryLimit) -> String
    ) throws {
        batchBound = program.batchBound
        let plan = try executor.prepared(Plan(program.graph))
        let limit = limit ?? SystemLimits.availableMemory()
        let byteCount = plan.arenaByteCount(threadCount: pool.threadCount)
        guard byteCount <= limit.byteCount else {
            throw MemoryError.exceedsLimit(
                what: "\(plan.name)", byteCount: byteCount, limit: limit, remedy: remedy(limit))
        }
        let session = try executor.session(
            for: plan, store: store, pool: pool, finiteOutputs: [ProgramGraph.loss],
            profile: profile)
        self.session = session
        func slot(_ name: String, _ type: TensorType) -> DataSlot? {
            session.address(ofInput: name).map { DataSlot(name: name, type: type, base: $0) }
        }
        inputs = program.inputs.compactMap { slot($0.name, $0.type) }
        extents.declare(inputs.map(\.type))
        labels = program.labels.flatMap { slot(ProgramGraph.labels, $0) }
        sampleWeight = program.sampleWeight.flatMap { slot(ProgramGraph.sampleWeight, $0) }
        outputs = program.outputs.compactMap { output in
            session.output(output.name).map {
                Output(name: output.name, type: output.type, base: $0.base)
            }
        }
        func floats(_ name: String) -> UnsafePointer<Float>? {
            session.output(name)?.base.assumingMemoryBound(to: Float.self)
        }
        metrics = program.metrics.map { name, metric in
            ProgramMetric(
                name: name, empty: metric.empty,
                bases: metric.sums.indices.compactMap { floats(ProgramGraph.sum($0, of: name)) },
                elementCounts: metric.elementCounts)
        }
        lossBase = floats(ProgramGraph.loss)
        step = session.address(ofInput: "step")?.assumingMemoryBound(to: Int64.self)
        seed = session.address(ofInput: "seed")?.assumingMemoryBound(to: Int64.self)
        diagnostics = program.diagnostics
    }

    /// The loss of the last run.
    var loss: Float { lossBase?.pointee ?? 0 }

    /// Copies rows of a batch into the program's inputs.
    func fill(_ batch: PreparedBatch, rows: Range<Int>, order: [Int]? = nil) {
        for (index, slot) in inputs.enumerated() {
            slot.fill(from: batch.inputs[index], rows: rows, order: order)
            extents.setLengths(ofInput: index, batch.inputs[index])
        }
        if let labels, let values = batch.labels {
            labels.fill(from: values, rows: rows, order: order)
        }
        if let sampleWeight, let values = batch.sampleWeight {
            sampleWeight.fill(from: values, rows: rows, order: order)
        }
    }

    /// Runs on the rows filled in.
    func run(rowCount: Int, step: Int64, seed: UInt64) throws {
        self.step?.pointee = step
        self.seed?.pointee = Int64(bitPattern: seed)
        try session.run(extents.current(rowCount: rowCount))
    }

    /// The rows of an output after a run.
    func output(_ output: Output, rowCount: Int) -> DataArray {
        let extents = extents.current(rowCount: rowCount)
        let shape = output.type.shape.evaluated { extents($0) } ?? []
        let count = shape.reduce(1, *)
        switch output.type.dtype {
        case .f32:
            let base = output.base.assumingMemoryBound(to: Float.self)
            return DataArray(
                unchecked: .floats(Array(UnsafeBufferPointer(start: base, count: count))),
                shape: shape)
        case .i32:
            let base = output.base.assumingMemoryBound(to: Int32.self)
            return DataArray(
                unchecked: .int32s(Array(UnsafeBufferPointer(start: base, count: count))),
                shape: shape)
        case let dtype:
            let values = (0..<count).map { Float(ElementAccess.load(output.base, dtype, at: $0)) }
            return DataArray(unchecked: .floats(values), shape: shape)
        }
    }
}

/// A metric of a program, and where its sums are after a run.
struct ProgramMetric {
    let name: String
    let empty: MetricSums
    let bases: [UnsafePointer<Float>]
    let elementCounts: [Int]
}

extension Program.DataSlot {
    /// Copies examples: those in `rows`, or those that `order` names at these places.
    func fill(from array: DataArray, rows: Range<Int>, order: [Int]?) {
        let width = array.rowElementCount
        switch array.elements {
        case .floats(let values):
            values.withUnsafeBufferPointer {
                copy($0, to: base.assumingMemoryBound(to: Float.self), rows, width, order)
            }
        case .int32s(let values):
            values.withUnsafeBufferPointer {
                copy($0, to: base.assumingMemoryBound(to: Int32.self), rows, width, order)
            }
        case .strings: return
        }
    }

    private func copy<Element: BitwiseCopyable>(
        _ source: UnsafeBufferPointer<Element>, to target: UnsafeMutablePointer<Element>,
        _ rows: Range<Int>, _ width: Int, _ order: [Int]?
    ) {
        guard let start = source.baseAddress, !rows.isEmpty else { return }
        guard let order else {
            target.update(from: start + rows.lowerBound * width, count: rows.count * width)
            return
        }
        for (place, index) in rows.enumerated() {
            (target + place * width).update(from: start + order[index] * width, count: width)
        }
    }
}
