#if LLVM
    /// The machine signature of every kernel.
    package typealias KernelEntry =
        @convention(c) (
            _ buffers: UnsafePointer<UnsafeMutableRawPointer?>?,
            _ parameters: UnsafePointer<Int64>?,
            _ part: Int64, _ scratch: UnsafeMutableRawPointer?
        ) -> Void

    /// Native code of one kernel. It stays valid as long as this value does.
    package struct CompiledKernel: Sendable {
        package let function: LoopFunction
        package let entry: KernelEntry
        private let session: CodegenSession

        init(function: LoopFunction, entry: KernelEntry, session: CodegenSession) {
            self.function = function
            self.entry = entry
            self.session = session
        }

        /// Runs every part on this thread. The buffers must be as large as the kernel's sizes say:
        /// nothing is checked here.
        package func run(buffers: [UnsafeMutableRawPointer?], parameters: [Int64] = []) {
            let scratch = UnsafeMutableRawPointer.allocate(
                byteCount: function.scratchByteCount, alignment: LoopFunction.scratchAlignment)
            defer { scratch.deallocate() }
            for part in 0..<function.partCount(parameters: parameters) {
                entry(buffers, parameters, Int64(part), scratch)
            }
        }
    }
#endif
