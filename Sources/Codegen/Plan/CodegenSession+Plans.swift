#if LLVM
    import MartletRuntime

    extension CodegenSession {
        /// Compiles what several plans need, in few modules: a binder made for one of them
        /// afterwards finds its kernels compiled.
        package func compileKernels(of plans: [Plan]) throws {
            let functions = try plans.flatMap { plan in
                let compiler = StepCompiler(isa: target.isa, plan: plan)
                return try plan.steps.flatMap { step in
                    try compiler.compiled(step)?.calls.map(\.function) ?? []
                }
            }
            _ = try compile(functions)
        }
    }
#endif
