import ArgumentParser
import Martlet

/// `--backend`, wherever a plan runs.
struct BackendOption: ParsableArguments {
    @Option(help: "What runs the plan: plain routines, or native code made by LLVM.")
    var backend = Backend.default
}

extension Backend: ExpressibleByArgument {}
