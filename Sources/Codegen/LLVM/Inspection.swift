#if LLVM
    import CLLVM

    /// What a target's code looks like, without running it: for `inspect` and for object files. Any
    /// target will do, also one that this machine could not run.
    package struct CodeEmitter {
        package let target: CPUTarget

        package init(target: CPUTarget) { self.target = target }

        package func llvmText(_ functions: [LoopFunction]) throws -> String {
            try TargetMachine(target).withModule(named(functions)) {
                takeMessage(LLVMPrintModuleToString($0))
            }
        }

        package func assembly(_ functions: [LoopFunction]) throws -> String {
            String(decoding: try emit(functions, LLVMAssemblyFile), as: UTF8.self)
        }

        /// A relocatable object file with one symbol per function, its name.
        package func object(_ functions: [LoopFunction]) throws -> [UInt8] {
            try emit(functions, LLVMObjectFile)
        }

        private func emit(
            _ functions: [LoopFunction], _ kind: LLVMCodeGenFileType
        ) throws -> [UInt8] {
            let machine = try TargetMachine(target)
            return try machine.withModule(named(functions)) { try machine.emit($0, kind) }
        }

        private func named(
            _ functions: [LoopFunction]
        ) throws -> [(symbol: String, function: LoopFunction)] {
            var seen: Set<String> = []
            for function in functions where !seen.insert(function.name).inserted {
                throw CodegenError("two kernels are named \(function.name); give each its own name")
            }
            return functions.map { ($0.name, $0) }
        }
    }
#endif
