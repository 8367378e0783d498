import MartletIR
import MartletRuntime

/// How plans are executed.
public enum Backend: String, Sendable, Hashable, CaseIterable {
    /// Each step by a plain Swift or OpenBLAS routine; needs no LLVM.
    case interpreted
    /// Steps as native code made for this processor, where there is a kernel for them.
    case jit

    /// `jit` where this build has LLVM (the package trait `LLVM`, on by default).
    public static var `default`: Backend {
        #if LLVM
            .jit
        #else
            .interpreted
        #endif
    }
}

/// Makes sessions for plans on one backend; plans of one executor share compiled kernels.
public final class PlanExecutor: Sendable {
    public let backend: Backend
    #if LLVM
        private let compiler: NativeCompiler?
    #endif

    /// - Parameter cpu: the processor code is made for; nil for the one this process runs on.
    ///   Names are `native`, `generic`, and the levels `x86-64`, `x86-64-v2`, `x86-64-v3` and
    ///   `x86-64-v4`.
    /// - Throws: `BackendUnavailable` for `jit` in a build without LLVM, `CodegenError` for a name
    ///   that is unknown or of a processor whose code cannot run here, or LLVM's own error.
    public init(_ backend: Backend = .default, cpu: String? = nil) throws {
        self.backend = backend
        if let cpu, backend == .interpreted {
            throw CodegenError(
                "CPU \"\(cpu)\": the backend interpreted makes no code for a CPU; leave the CPU "
                    + "out, or choose the backend jit")
        }
        #if LLVM
            compiler = backend == .jit ? try NativeCompiler(cpu: cpu ?? "native") : nil
        #else
            if backend == .jit { throw BackendUnavailable() }
        #endif
    }

    /// The plan in the form this backend runs fastest: `jit` takes the batch in slices where that
    /// pays (`BatchSlicing`). What `session` runs, for those who want to see it or its memory.
    ///
    /// - Throws: `MemoryPlanError` where a size overflows.
    public func prepared(_ plan: Plan) throws -> Plan {
        #if LLVM
            if let compiler { return try compiler.prepared(plan) }
        #endif
        return plan
    }

    /// A plan with its memory, ready to run; see `PlanSession`.
    ///
    /// - Parameter profile: takes the times of the plan's kernels.
    public func session(
        for plan: Plan, store: ParameterStore, pool: ThreadPool,
        finiteOutputs: Set<String> = [], profile: PlanProfile? = nil
    ) throws -> PlanSession {
        #if LLVM
            if let compiler {
                return try compiler.session(
                    for: plan, store: store, pool: pool, finiteOutputs: finiteOutputs,
                    profile: profile)
            }
        #endif
        return try PlanSession(
            plan, store: store, pool: pool, finiteOutputs: finiteOutputs, profile: profile)
    }
}

/// The build has no LLVM.
public struct BackendUnavailable: Error, Hashable, CustomStringConvertible {
    public init() {}

    public var description: String {
        "backend jit: this build has no LLVM; build with the package trait LLVM (on by default, "
            + "needs llvm-19-dev), or choose the backend interpreted"
    }
}
