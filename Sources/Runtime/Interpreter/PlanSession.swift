import MartletIR
import MartletMemoryPlan
import Synchronization

/// The storage of a model's parameters and optimizer slots, shared by the plans that read and
/// update them (training, evaluation, prediction).
///
/// Unchecked: whoever runs a plan that updates a store answers for no other plan reading it at
/// the same time.
public final class ParameterStore: @unchecked Sendable {
    private var buffers: [String: (type: TensorType, buffer: AlignedBuffer)] = [:]
    private let changes = Atomic(0)

    public init() {}

    /// Grows whenever a tensor may have changed: who keeps something made from the values (packed
    /// weights) makes it anew then.
    var version: Int { changes.load(ordering: .acquiring) }

    func noteChange() { changes.add(1, ordering: .releasing) }

    public var names: [String] { buffers.keys.sorted() }

    public func type(of name: String) -> TensorType? { buffers[name]?.type }

    /// The bytes of a tensor, made (zero) on first use.
    ///
    /// - Throws: `GraphError` where the tensor exists with another type, or its size is unknown.
    @discardableResult
    public func buffer(_ name: String, _ type: TensorType) throws -> AlignedBuffer {
        noteChange()
        if let found = buffers[name] {
            guard found.type == type else {
                throw GraphError(
                    path: name, message: "the stored tensor is \(found.type), expected \(type)")
            }
            return found.buffer
        }
        guard type.shape.fixed != nil, let byteCount = type.shape.boundByteCount(of: type.dtype)
        else {
            throw GraphError(path: name, message: "\(type) has no fixed size to store")
        }
        let buffer = try AlignedBuffer(byteCount: byteCount)
        buffers[name] = (type, buffer)
        return buffer
    }

    /// The elements of a stored f32 tensor, to read or to write before the next run; empty where
    /// there is none of that name.
    public func floats(_ name: String) -> UnsafeMutableBufferPointer<Float> {
        noteChange()
        guard let found = buffers[name], found.type.dtype == .f32 else {
            return UnsafeMutableBufferPointer(start: nil, count: 0)
        }
        return UnsafeMutableBufferPointer(
            start: found.buffer.base.assumingMemoryBound(to: Float.self),
            count: found.buffer.byteCount / MemoryLayout<Float>.size)
    }
}

/// A plan with its memory, ready to run again and again: an arena, the batch's inputs, bound
/// kernels for each combination of extents met so far.
///
/// A session serves one run at a time; several sessions may share a `ThreadPool` and, where none
/// updates it, a `ParameterStore`.
public final class PlanSession {
    public let plan: Plan
    private let pool: ThreadPool
    private let arena: Arena
    private let binder: any StepBinder
    private let scratch: Scratch
    private let failure = RunFailure()
    private let addresses: [UnsafeMutableRawPointer]
    /// Keeps alive what `addresses` points to.
    private let owned: [AlignedBuffer]
    private let guarded: Set<String>
    private let sliceRunner: SliceRunner?
    private let store: ParameterStore
    /// Whether a run changes the store.
    private let updatesStore: Bool
    /// What the binder makes from the parameters, and from which version of them it did.
    private var preparation: [Phase]?
    private var preparedVersion: Int?
    private let profile: PlanProfile?
    private var bound: [SymbolExtents: [Phase]] = [:]
    private let packed: PackedSources

    /// - Parameters:
    ///   - store: where inputs of role parameter, constant and slot live.
    ///   - finiteOutputs: float scalars that must be finite; else the run stops right there,
    ///     before any step after it, and throws `NonFiniteValue`.
    ///   - isPoisoned: fills the arena with NaN first, for tests that nothing is read unwritten.
    ///   - profile: takes the times of the plan's kernels.
    /// - Throws: `MemoryError` where the arena exceeds the memory limit.
    public convenience init(
        _ plan: Plan, store: ParameterStore, pool: ThreadPool, finiteOutputs: Set<String> = [],
        isPoisoned: Bool = false, profile: PlanProfile? = nil
    ) throws {
        try self.init(
            plan, store: store, pool: pool, binder: InterpretedBinder(),
            finiteOutputs: finiteOutputs, isPoisoned: isPoisoned, profile: profile)
    }

    /// A session whose steps a backend of choice binds.
    package init(
        _ plan: Plan, store: ParameterStore, pool: ThreadPool, binder: any StepBinder,
        finiteOutputs: Set<String>, isPoisoned: Bool, profile: PlanProfile? = nil
    ) throws {
        self.plan = plan
        self.pool = pool
        self.profile = profile
        profile?.reserve(threadCount: pool.threadCount)
        self.binder = binder
        self.store = store
        updatesStore = !plan.updatedInputs.isEmpty
        packed = PackedSources(plan)
        guarded = finiteOutputs
        scratch = try Scratch(workerCount: pool.threadCount)
        arena = try Arena(byteCount: plan.memory.peakByteCount, isPoisoned: isPoisoned)
        var owned: [AlignedBuffer] = []
        var addresses: [UnsafeMutableRawPointer] = []
        let inputs = Dictionary(uniqueKeysWithValues: plan.inputs.map { ($0.buffer, $0.input) })
        for (index, buffer) in plan.buffers.enumerated() {
            switch buffer.storage {
            case .arena(let byteOffset): addresses.append(arena.base + byteOffset)
            // Known to the slices alone.
            case .slice: addresses.append(arena.base)
            case .constant(let literal):
                let memory = try AlignedBuffer(byteCount: max(buffer.byteCount, 1))
                literal.write(to: memory.base)
                owned.append(memory)
                addresses.append(memory.base)
            case .input:
                guard let input = inputs[index] else { continue }
                let memory: AlignedBuffer
                switch input.role {
                case .parameter, .constant, .slot:
                    memory = try store.buffer(input.inputName, input.type)
                case .data, .step, .seed:
                    memory = try AlignedBuffer(byteCount: max(buffer.byteCount, 1))
                }
                owned.append(memory)
                addresses.append(memory.base)
            }
        }
        self.owned = owned
        self.addresses = addresses
        sliceRunner = try plan.slicing.map { slicing in
            try SliceRunner(
                plan, slicing, binder: binder, addresses: addresses,
                threadCount: pool.threadCount, isPoisoned: isPoisoned, profile: profile)
        }
    }

    /// Bytes for everything that lives within a run: see `Plan.arenaByteCount(threadCount:)`.
    public var arenaByteCount: Int { plan.arenaByteCount(threadCount: pool.threadCount) }

    /// The same if every buffer had the best of all places.
    public var arenaLowerBoundByteCount: Int {
        plan.byteCount(threadCount: pool.threadCount) { $0.lowerBoundByteCount }
    }

    /// The bytes of an input, large enough for the bounds; nil where the plan has no such input.
    public func address(ofInput name: String) -> UnsafeMutableRawPointer? {
        guard let input = plan.inputs.first(where: { $0.input.inputName == name }) else {
            return nil
        }
        if input.input.role != .data { store.noteChange() }
        return addresses[input.buffer]
    }

    /// The bytes and type of an output after a run; valid until the next one.
    public func output(_ name: String) -> (base: UnsafeRawPointer, type: TensorType)? {
        guard let output = plan.outputs.first(where: { $0.name == name }) else { return nil }
        return (UnsafeRawPointer(addresses[output.value.buffer]), output.value.type)
    }

    /// Runs every step.
    ///
    /// Allocates nothing once a combination of extents has been run.
    ///
    /// - Parameter extents: the actual extent of each symbol; its bound where none is given, but
    ///   the number of positions that a packed batch keeps is counted.
    /// - Throws: `GraphError` for an extent outside `0...bound`, an index outside its table, or
    ///   a guarded output that is not finite. Parameters are then as before the run: updates come
    ///   after the scalar outputs and all they need, unless such an output needs an update.
    public func run(_ extents: SymbolExtents = SymbolExtents()) throws {
        let extents = packed.counted(extents, plan.symbols, addresses)
        if bound[extents] == nil { try bind(extents) }
        prepare()
        profile?.beginRun()
        if let phases = bound[extents] { pool.run(phases) }
        if updatesStore { store.noteChange() }
        try failure.throwIfFailed()
    }

    private func prepare() {
        guard let preparation, preparedVersion != store.version else { return }
        preparedVersion = store.version
        pool.run(preparation)
    }

    private func bind(_ extents: SymbolExtents) throws {
        for symbol in plan.symbols where !(0...symbol.bound).contains(extents(symbol)) {
            throw GraphError(
                path: plan.name,
                message: "\(symbol.name) is \(extents(symbol)), "
                    + "but the plan was made for 0...\(symbol.bound)")
        }
        let context = BindingContext(
            addresses: addresses, extents: extents, scratch: scratch, failure: failure)
        var phases: [Phase] = []
        for (index, step) in plan.steps.enumerated() {
            if let slicing = plan.slicing, let sliceRunner, slicing.steps.contains(index) {
                if index == slicing.steps.lowerBound {
                    phases += try sliceRunner.phases(context)
                }
            } else {
                let made = try binder.bind(step, context).map { skippedAfterFailure($0) }
                if let profile {
                    let names = binder.kernelNames(step, index: index, context)
                    phases += profile.timed(made, names: names, step, extents)
                } else {
                    phases += made
                }
            }
            phases += guardPhases(step, context)
        }
        if preparation == nil { preparation = try binder.preparation(context) }
        try scratch.allocate()
        // Extents rarely take more than two values; a stream of ever new ones must not grow memory.
        if bound.count >= 32 { bound.removeAll() }
        bound[extents] = phases
    }

    private func skippedAfterFailure(_ phase: Phase) -> Phase {
        let (failure, body) = (failure, phase.body)
        return Phase(partCount: phase.partCount) { part, worker in
            if !failure.hasFailed { body(part, worker) }
        }
    }

    private func guardPhases(_ step: PlanStep, _ context: BindingContext) -> [Phase] {
        plan.outputs.filter { output in
            guarded.contains(output.name) && output.value.type.dtype == .f32
                && step.results.contains { $0?.buffer == output.value.buffer }
        }.map { output in
            let value = context.floats(output.value)
            let failure = failure
            return Phase(partCount: 1) { _, _ in
                if !failure.hasFailed && !value.pointee.isFinite {
                    failure.record(NonFiniteValue(name: output.name, value: value.pointee))
                }
            }
        }
    }
}

/// A guarded output was NaN or infinite; the run stopped before the steps after it.
public struct NonFiniteValue: Error, Hashable, CustomStringConvertible {
    public var name: String
    public var value: Float

    public var description: String {
        "\(name) is \(value); the parameters were left as they were before this step. "
            + "Lower the learning rate, clip the gradients, or check the inputs for such values"
    }
}

extension Literal {
    func write(to base: UnsafeMutableRawPointer) {
        for index in 0..<shape.reduce(1, *) {
            let element = elements.count == 1 ? elements[0] : elements[index]
            ElementAccess.store(element, to: base, dtype, at: index)
        }
    }
}
