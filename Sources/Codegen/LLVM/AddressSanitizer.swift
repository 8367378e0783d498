#if LLVM
    import CLLVM
    import Glibc

    /// LLVM's address sanitizer on generated code: every load and store is checked against the
    /// allocations of a process that runs under the sanitizer (`make sanitize`).
    package enum AddressSanitizer {
        /// Whether the sanitizer's runtime is in this process, which generated code then calls.
        package static let isInProcess: Bool = {
            guard dlsym(nil, "__asan_init") != nil else { return false }
            // Checks as calls: written out, they make a kernel ten times as long to compile.
            let options = ["martlet", "-asan-instrumentation-with-call-threshold=0"]
            let strings = options.map { strdup($0) }
            defer { strings.forEach { free($0) } }
            let arguments = strings.map { UnsafePointer($0) }
            LLVMParseCommandLineOptions(Int32(arguments.count), arguments, nil)
            return true
        }()

        /// - Throws: LLVM's error where the pass fails.
        static func instrument(_ module: LLVMModuleRef, _ machine: LLVMTargetMachineRef) throws {
            let options = LLVMCreatePassBuilderOptions()
            defer { LLVMDisposePassBuilderOptions(options) }
            try throwing(
                LLVMRunPasses(module, "asan", machine, options), "run its address sanitizer")
            // It would set the runtime up, which the process has done; a JIT runs none by itself.
            if let constructors = LLVMGetNamedGlobal(module, "llvm.global_ctors") {
                LLVMDeleteGlobal(constructors)
            }
        }
    }
#endif
