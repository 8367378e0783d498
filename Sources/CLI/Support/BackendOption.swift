import ArgumentParser
import Martlet

/// `--backend` and `--cpu`, wherever a plan runs.
struct BackendOption: ParsableArguments {
    @Option(help: "What runs the plan: plain routines, or native code made by LLVM.")
    var backend = Backend.default

    @OptionGroup var target: CPUOption

    var cpu: String? { target.cpu }

    func executor() throws -> PlanExecutor { try PlanExecutor(backend, cpu: cpu) }
}

/// `--cpu`, wherever code is made.
struct CPUOption: ParsableArguments {
    @Option(
        help: """
            The processor native code is made for: native (the default), generic, x86-64, \
            x86-64-v2, x86-64-v3 or x86-64-v4.
            """)
    var cpu: String?
}

extension Backend: ExpressibleByArgument {}
