import enum MartletCodegen.Backend
import enum MartletPasses.DTypePolicy
import struct MartletRuntime.MemoryLimit
import class MartletRuntime.PlanProfile

/// How a model's programs are made and run; no part of the model.
public struct TrainingOptions: Sendable {
    /// What runs a plan.
    public typealias Backend = MartletCodegen.Backend

    /// Threads that take part in a step; nil for the CPUs this process may use. Results do not
    /// depend on it.
    public var threadCount: Int?
    /// The seed of initial weights, dropout and shuffling.
    public var seed: UInt64
    /// What runs a plan: native code where the build has LLVM.
    public var backend: Backend
    /// Which element types programs compute with; weights and optimizer state are float32 always.
    public var precision: DTypePolicy
    /// The processor native code is made for; nil for this one. See `PlanExecutor`.
    public var cpu: String?
    /// Takes the times of the programs' kernels; nil for none.
    public var profile: PlanProfile?
    /// Names of compiler passes to leave out, such as `fuse-residual-layer-norm`.
    public var disabledPasses: Set<String>
    /// Verifies the graph after every pass.
    public var verifiesPasses: Bool
    /// Refuses what is otherwise only warned of: see `Diagnostic`.
    public var isStrict: Bool
    /// The most memory a program may take; nil for what the machine and its limits leave.
    public var memoryLimit: MemoryLimit?

    public init(
        threadCount: Int? = nil, seed: UInt64 = 0, backend: Backend = .default,
        precision: DTypePolicy = .float32, cpu: String? = nil, profile: PlanProfile? = nil,
        disabledPasses: Set<String> = [], verifiesPasses: Bool = false,
        isStrict: Bool = false, memoryLimit: MemoryLimit? = nil
    ) {
        self.threadCount = threadCount
        self.seed = seed
        self.backend = backend
        self.precision = precision
        self.cpu = cpu
        self.profile = profile
        self.disabledPasses = disabledPasses
        self.verifiesPasses = verifiesPasses
        self.isStrict = isStrict
        self.memoryLimit = memoryLimit
    }
}
