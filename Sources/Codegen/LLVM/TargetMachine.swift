#if LLVM
    import CLLVM

    /// One LLVM code generator for one CPU. Not for sharing between threads.
    final class TargetMachine {
        let target: CPUTarget
        let machine: LLVMTargetMachineRef

        init(_ target: CPUTarget) throws {
            guard martlet_llvm_initialize_native() == 0 else {
                throw CodegenError("LLVM has no code generator for this machine")
            }
            let triple = LLVMGetDefaultTargetTriple()
            defer { LLVMDisposeMessage(triple) }
            var llvmTarget: LLVMTargetRef?
            var message: UnsafeMutablePointer<CChar>?
            guard LLVMGetTargetFromTriple(triple, &llvmTarget, &message) == 0,
                let machine = LLVMCreateTargetMachine(
                    llvmTarget, triple, target.name, target.features, LLVMCodeGenLevelLess,
                    LLVMRelocPIC, LLVMCodeModelDefault)
            else {
                throw CodegenError("LLVM: \(takeMessage(message))")
            }
            self.target = target
            self.machine = machine
        }

        deinit { LLVMDisposeTargetMachine(machine) }

        /// A module of all `functions`, verified.
        func withModule<Result>(
            _ functions: [(symbol: String, function: LoopFunction)],
            _ body: (LLVMModuleRef) throws -> Result
        ) throws -> Result {
            let emitter = try ModuleEmitter(name: "kernels", isa: target.isa)
            let triple = LLVMGetTargetMachineTriple(machine)
            defer { LLVMDisposeMessage(triple) }
            LLVMSetTarget(emitter.module, triple)
            let layout = LLVMCreateTargetDataLayout(machine)
            defer { LLVMDisposeTargetData(layout) }
            LLVMSetModuleDataLayout(emitter.module, layout)
            for (symbol, function) in functions { emitter.emit(function, symbol: symbol) }
            var message: UnsafeMutablePointer<CChar>?
            let isBroken = LLVMVerifyModule(emitter.module, LLVMReturnStatusAction, &message) != 0
            let text = takeMessage(message)
            if isBroken { throw CodegenError("LLVM refuses generated code: \(text)") }
            if AddressSanitizer.isInProcess {
                try AddressSanitizer.instrument(emitter.module, machine)
            }
            return try withExtendedLifetime(emitter) { try body(emitter.module) }
        }

        /// Machine code of the module: an object file or assembly text.
        func emit(_ module: LLVMModuleRef, _ kind: LLVMCodeGenFileType) throws -> [UInt8] {
            var message: UnsafeMutablePointer<CChar>?
            var buffer: LLVMMemoryBufferRef?
            guard LLVMTargetMachineEmitToMemoryBuffer(machine, module, kind, &message, &buffer) == 0
            else { throw CodegenError("LLVM: \(takeMessage(message))") }
            defer { LLVMDisposeMemoryBuffer(buffer) }
            let start = UnsafeRawPointer(LLVMGetBufferStart(buffer))
            return Array(UnsafeRawBufferPointer(start: start, count: LLVMGetBufferSize(buffer)))
        }
    }

    /// The text of an LLVM message, which is freed.
    func takeMessage(_ message: UnsafeMutablePointer<CChar>?) -> String {
        guard let message else { return "" }
        defer { LLVMDisposeMessage(message) }
        return String(cString: message)
    }

    extension CPUTarget {
        /// The processor this process runs on.
        package static func native() -> CPUTarget {
            let name = LLVMGetHostCPUName()
            let features = takeMessage(LLVMGetHostCPUFeatures())
            return CPUTarget(
                name: takeMessage(name), features: features, isa: isa(features: features))
        }

        /// `native`, `generic` (= `x86-64`), or an x86-64 level.
        ///
        /// - Throws: an error that lists the names, for any other.
        package static func named(_ name: String) throws -> CPUTarget {
            if name == "native" { return native() }
            let wanted = name == "generic" ? "x86-64" : name
            if let level = levels.first(where: { $0.name == wanted }) { return level }
            let known = (["native", "generic"] + levels.map(\.name)).joined(separator: ", ")
            throw CodegenError("unknown CPU \"\(name)\"; use one of \(known)")
        }

        /// Refuses a target whose code this process could not run.
        func checkRunsHere() throws {
            let host = Set(CPUTarget.native().features.split(separator: ","))
            let missing = (CPUTarget.requiredFeatures[name] ?? [])
                .filter { !host.contains(Substring("+" + $0)) }
            if !missing.isEmpty {
                throw CodegenError(
                    "code for \(name) cannot run on this CPU, which lacks "
                        + missing.joined(separator: ", ")
                        + "; use \"native\", or emit an object file for another machine")
            }
        }
    }
#endif
