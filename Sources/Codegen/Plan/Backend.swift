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

    /// - Throws: `BackendUnavailable` for `jit` in a build without LLVM, or LLVM's own error.
    public init(_ backend: Backend = .default) throws {
        self.backend = backend
        #if LLVM
            compiler = backend == .jit ? try NativeCompiler() : nil
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
    public func session(
        for plan: Plan, store: ParameterStore, pool: ThreadPool, finiteOutputs: Set<String> = []
    ) throws -> PlanSession {
        #if LLVM
            if let compiler {
                return try compiler.session(
                    for: plan, store: store, pool: pool, finiteOutputs: finiteOutputs)
            }
        #endif
        return try PlanSession(plan, store: store, pool: pool, finiteOutputs: finiteOutputs)
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
