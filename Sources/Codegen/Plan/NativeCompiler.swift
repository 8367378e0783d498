#if LLVM
    import MartletIR
    import MartletRuntime

    /// Compiles plans to native code in this process, through LLVM.
    ///
    /// One compiler serves many plans: equal kernels are compiled once and shared. Results agree
    /// with the interpreted plan's within rounding, and are the same bits for any number of
    /// threads.
    public final class NativeCompiler: Sendable {
        private let session: CodegenSession
        private let costs: ProductCosts

        /// A compiler for the processor this process runs on.
        ///
        /// - Throws: where LLVM cannot make code for it.
        public init() throws {
            session = try CodegenSession()
            costs = ProductCostsFile.trusted(session.target)
        }

        /// A compiler for a processor by name; see `PlanExecutor`.
        package convenience init(cpu: String) throws {
            let target = try CPUTarget.named(cpu)
            try self.init(target: target, costs: ProductCostsFile.trusted(target))
        }

        /// - Parameter costs: those built in by default.
        package init(target: CPUTarget, costs: ProductCosts? = nil) throws {
            session = try CodegenSession(target: target)
            self.costs = costs ?? .builtIn(target.isa)
        }

        /// The plan in slices of the batch, where that pays.
        public func prepared(_ plan: Plan) throws -> Plan {
            guard let sliced = try plan.slicedByCost(), canRun(sliced) else { return plan }
            return sliced
        }

        /// Whether every step of the slices knows which part of the batch it works on.
        package func canRun(_ plan: Plan) -> Bool {
            guard let slicing = plan.slicing else { return true }
            let compiler = StepCompiler(isa: session.target.isa, plan: plan)
            return plan.steps[slicing.steps].allSatisfy { step in
                !step.drawsRandomNumbers || (try? compiler.compile(step)) != nil
            }
        }

        /// A plan with its memory, its steps compiled; see `PlanSession`.
        public func session(
            for plan: Plan, store: ParameterStore, pool: ThreadPool,
            finiteOutputs: Set<String> = [], profile: PlanProfile? = nil
        ) throws -> PlanSession {
            let plan = try prepared(plan)
            return try PlanSession(
                plan, store: store, pool: pool,
                binder: CompiledBinder(plan, session: session, costs: costs),
                finiteOutputs: finiteOutputs, isPoisoned: false, profile: profile)
        }
    }
#endif
