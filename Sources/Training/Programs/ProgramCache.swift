import MartletCodegen
import MartletLayers
import MartletMemoryPlan
import MartletRuntime

/// The programs of a compiled model, each made when a batch first needs it.
struct ProgramCache {
    private let compilation: Compilation?
    private let options: TrainingOptions
    private var programs: [ProgramKey: Program] = [:]
    /// By which input a program's batches can be packed; an entry of nil for none.
    private var paddingInputs: [ProgramKey: Int?] = [:]
    /// Graphs that were made to see whether batches can be packed, until their programs are made.
    private var drafts: [ProgramKey: ProgramGraph] = [:]
    private var pool: ThreadPool?
    private var executor: PlanExecutor?

    init(_ compilation: Compilation? = nil, _ options: TrainingOptions = TrainingOptions()) {
        self.compilation = compilation
        self.options = options
    }

    /// The program for rows of a batch: on packed tokens where that pays and memory allows it.
    ///
    /// - Parameters:
    ///   - batchBound: the largest number of rows that is to be expected.
    ///   - store: has the weights already.
    mutating func program(
        _ model: Model, _ mode: ProgramMode, _ batch: PreparedBatch, rows: Range<Int>,
        order: [Int]?, batchBound: Int, store: ParameterStore
    ) throws -> Program {
        let key = ProgramKey(mode: mode, batch)
        let input = try paddingInput(model, key, batchBound)
        if let input, batch.isWorthPacking(by: input, rows: rows, order: order) {
            do {
                return try program(model, key.packed, batchBound, store)
            } catch is MemoryError {
                // Packed tokens are not taken in slices, so they can need more than a padded batch.
                let padded = try program(model, key, batchBound, store)
                paddingInputs[key] = .some(nil)
                return padded
            }
        }
        return try program(model, key, batchBound, store)
    }

    /// By which input the batches of a program can be packed.
    private mutating func paddingInput(
        _ model: Model, _ key: ProgramKey, _ batchBound: Int
    ) throws -> Int? {
        if let known = paddingInputs[key] { return known }
        let graph = try graph(model, key.packed, batchBound)
        // Where nothing can be packed, the graph is that of the padded program.
        drafts[graph.paddingInput == nil ? key : key.packed] = graph
        paddingInputs[key] = .some(graph.paddingInput)
        return graph.paddingInput
    }

    private func graph(
        _ model: Model, _ key: ProgramKey, _ batchBound: Int
    ) throws -> ProgramGraph {
        try ProgramGraph(
            model, key, batchBound: batchBound, compilation: compilation, options: options)
    }

    private mutating func program(
        _ model: Model, _ key: ProgramKey, _ batchBound: Int, _ store: ParameterStore
    ) throws -> Program {
        if let known = programs[key], known.batchBound >= batchBound { return known }
        let pool = try self.pool ?? ThreadPool(threadCount: options.threadCount)
        self.pool = pool
        let executor = try self.executor ?? PlanExecutor(options.backend, cpu: options.cpu)
        self.executor = executor
        let draft = drafts.removeValue(forKey: key)
        let graph =
            if let draft, draft.batchBound >= batchBound { draft } else {
                try graph(model, key, batchBound)
            }
        let made = try Program(
            graph, store: store, executor: executor, pool: pool, limit: options.memoryLimit,
            profile: options.profile
        ) { limit in
            if key.packsPadding { return "leave out the pass pack-padding" }
            return BatchSizeAdvice.text(below: batchBound, limit: limit) { bound in
                try executor.prepared(Plan(self.graph(model, key, bound).graph))
                    .arenaByteCount(threadCount: pool.threadCount)
            }
        }
        programs[key] = made
        return made
    }
}

/// Which batch size would fit into memory.
enum BatchSizeAdvice {
    /// "use a batch size of at most 64", by halving until the peak fits, then in between.
    static func text(
        below refused: Int, limit: MemoryLimit, peak: (Int) throws -> Int
    ) -> String {
        func fits(_ bound: Int) -> Bool {
            (try? peak(bound)).map { $0 <= limit.byteCount } ?? false
        }
        var (fitting, failing) = (0, refused)
        var candidate = refused / 2
        while candidate >= 1, fitting == 0 {
            if fits(candidate) { fitting = candidate } else { failing = candidate }
            candidate /= 2
        }
        guard fitting > 0 else { return "even one example at a time does not fit; allow more" }
        while failing - fitting > max(1, fitting / 16) {
            let middle = (fitting + failing) / 2
            if fits(middle) { fitting = middle } else { failing = middle }
        }
        return "use a batch size of at most \(fitting)"
    }
}
