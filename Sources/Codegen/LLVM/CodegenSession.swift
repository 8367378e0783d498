#if LLVM
    import CLLVM
    import Dispatch
    import Synchronization

    /// Compiles loop-IR kernels in this process and keeps the code.
    ///
    /// Kernels that differ only in name are compiled once; the others are spread over threads, each
    /// with its own LLVM context. Objects are then linked into one ORC LLJIT.
    package final class CodegenSession: Sendable {
        package let target: CPUTarget
        private let compileThreadCount: Int
        private let state: Mutex<State>

        private struct State {
            var jit: UnsafeLLJIT
            var entries: [LoopFunction: KernelEntry] = [:]
            var symbolCount = 0
        }

        /// ORC's functions may be called from any thread; the session's lock orders them anyway.
        private struct UnsafeLLJIT: @unchecked Sendable {
            var reference: LLVMOrcLLJITRef
        }

        /// - Parameters:
        ///   - target: what to compile for; it must run on this machine.
        ///   - compileThreadCount: how many modules are compiled at a time.
        package init(target: CPUTarget = .native(), compileThreadCount: Int = 2) throws {
            try target.checkRunsHere()
            _ = try TargetMachine(target)
            var jit: LLVMOrcLLJITRef?
            try throwing(LLVMOrcCreateLLJIT(&jit, nil), "create the JIT")
            guard let jit else { throw CodegenError("LLVM: no JIT") }
            // Code for targets without FMA calls the C library's fma; any code may call memset.
            var processSymbols: LLVMOrcDefinitionGeneratorRef?
            try throwing(
                LLVMOrcCreateDynamicLibrarySearchGeneratorForProcess(
                    &processSymbols, LLVMOrcLLJITGetGlobalPrefix(jit), nil, nil),
                "search the process for symbols")
            LLVMOrcJITDylibAddGenerator(LLVMOrcLLJITGetMainJITDylib(jit), processSymbols)
            self.target = target
            self.compileThreadCount = max(1, compileThreadCount)
            state = Mutex(State(jit: UnsafeLLJIT(reference: jit)))
        }

        deinit {
            state.withLock { state in
                if let error = LLVMOrcDisposeLLJIT(state.jit.reference) { LLVMConsumeError(error) }
            }
        }

        /// Compiles `functions`, in their order.
        package func compile(_ functions: [LoopFunction]) throws -> [CompiledKernel] {
            let entries = try state.withLock { state in
                let keys = functions.map(\.structuralKey)
                try compileMissing(functions, keys: keys, &state)
                return keys.compactMap { state.entries[$0] }
            }
            return zip(functions, entries).map {
                CompiledKernel(function: $0, entry: $1, session: self)
            }
        }

        package func compile(_ function: LoopFunction) throws -> CompiledKernel {
            guard let kernel = try compile([function]).first else {
                throw CodegenError("kernel \(function.name) was not compiled")
            }
            return kernel
        }

        /// How many different kernels the session has compiled.
        package var compiledKernelCount: Int { state.withLock { $0.entries.count } }

        private func compileMissing(
            _ functions: [LoopFunction], keys: [LoopFunction], _ state: inout State
        ) throws {
            var missing: [(symbol: String, function: LoopFunction)] = []
            var symbols: [LoopFunction: String] = [:]
            for (key, function) in zip(keys, functions)
            where state.entries[key] == nil && symbols[key] == nil {
                state.symbolCount += 1
                let symbol = "\(function.name).\(state.symbolCount)"
                symbols[key] = symbol
                missing.append((symbol, function))
            }
            for object in try compileObjects(missing) { try add(object, to: state.jit.reference) }
            for (key, symbol) in symbols {
                var address: LLVMOrcExecutorAddress = 0
                try throwing(
                    LLVMOrcLLJITLookup(state.jit.reference, &address, symbol), "link \(symbol)")
                state.entries[key] = unsafeBitCast(UInt(address), to: KernelEntry.self)
            }
        }

        /// Compiles on several threads: kernels go in turn, largest first, to the module with the least
        /// to do.
        private func compileObjects(
            _ kernels: [(symbol: String, function: LoopFunction)]
        ) throws -> [[UInt8]] {
            let moduleCount = min(compileThreadCount, kernels.count)
            if moduleCount == 0 { return [] }
            var modules = Array(
                repeating: [(symbol: String, function: LoopFunction)](), count: moduleCount)
            var sizes = Array(repeating: 0, count: moduleCount)
            for kernel in kernels.sorted(by: { $0.function.types.count > $1.function.types.count })
            {
                let smallest = sizes.indices.min { sizes[$0] < sizes[$1] } ?? 0
                modules[smallest].append(kernel)
                sizes[smallest] += kernel.function.types.count
            }
            let results = Mutex([Result<[UInt8], any Error>]())
            let (work, target) = (modules, target)
            DispatchQueue.concurrentPerform(iterations: moduleCount) { index in
                let result = Result {
                    let machine = try TargetMachine(target)
                    return try machine.withModule(work[index]) {
                        try machine.emit($0, LLVMObjectFile)
                    }
                }
                results.withLock { $0.append(result) }
            }
            return try results.withLock { try $0.map { try $0.get() } }
        }

        private func add(_ object: [UInt8], to jit: LLVMOrcLLJITRef) throws {
            let buffer = object.withUnsafeBytes {
                LLVMCreateMemoryBufferWithMemoryRangeCopy(
                    $0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count, "kernels")
            }
            try throwing(
                LLVMOrcLLJITAddObjectFile(jit, LLVMOrcLLJITGetMainJITDylib(jit), buffer),
                "add an object")
        }
    }

    func throwing(_ error: LLVMErrorRef?, _ action: String) throws {
        guard let error else { return }
        let message = LLVMGetErrorMessage(error)
        defer { LLVMDisposeErrorMessage(message) }
        throw CodegenError("LLVM could not \(action): \(message.map { String(cString: $0) } ?? "")")
    }
#endif
