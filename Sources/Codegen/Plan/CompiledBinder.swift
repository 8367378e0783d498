#if LLVM
    import MartletIR
    import MartletRuntime

    /// The compiled backend: each step is native code where there is a kernel for it, and the
    /// interpreted routine where there is none.
    package struct CompiledBinder: StepBinder {
        private let compiled: [PlanStep: BoundStep]
        /// Steps as they add to their results.
        private let adding: [PlanStep: BoundStep]
        private let interpreted = InterpretedBinder()
        private let packs: [PackedWeight: BoundPack]
        /// All packed weights: together they lie on huge pages, where most of them are too small.
        private let packMemory: AlignedBuffer

        /// A packed weight's place and the kernel that fills it.
        private struct BoundPack: Sendable {
            var kernel: CompiledKernel
            var byteOffset: Int
        }

        /// A step's kernels in the order of its calls.
        ///
        /// Unchecked: never changed; its step's closures keep nothing that is.
        private struct BoundStep: @unchecked Sendable {
            var step: CompiledStep
            var kernels: [CompiledKernel]
        }

        /// Compiles all kernels of a plan, equal ones once.
        package init(_ plan: Plan, session: CodegenSession, costs: ProductCosts? = nil) throws {
            let compiler = StepCompiler(isa: session.target.isa, plan: plan, costs: costs)
            let steps = try Self.kernels(plan.steps) { try compiler.compiled($0) }
            let additions = try Self.kernels(plan.slicing?.growingSums(plan) ?? []) {
                try compiler.compiledAdding($0)
            }
            let all = (steps + additions).map(\.compiled)
            let weights = Self.packedWeights(of: all)
            let packing = try weights.map { try $0.packing.lower(to: session.target.isa) }
            let kernels = try session.compile(all.flatMap { $0.calls.map(\.function) } + packing)
            var byteCount = 0
            packs = Self.packs(
                weights, kernels.suffix(weights.count), isa: session.target.isa, &byteCount)
            packMemory = try AlignedBuffer(byteCount: max(byteCount, 1))
            var rest = kernels[...]
            compiled = Self.bound(steps, &rest)
            adding = Self.bound(additions, &rest)
        }

        private static func kernels(
            _ steps: [PlanStep], _ compile: (PlanStep) throws -> CompiledStep?
        ) throws -> [(step: PlanStep, compiled: CompiledStep)] {
            try steps.compactMap { step in try compile(step).map { (step, $0) } }
        }

        /// Takes each step's kernels from the front.
        private static func bound(
            _ steps: [(step: PlanStep, compiled: CompiledStep)],
            _ kernels: inout ArraySlice<CompiledKernel>
        ) -> [PlanStep: BoundStep] {
            var bound: [PlanStep: BoundStep] = [:]
            for (step, compiled) in steps {
                let own = Array(kernels.prefix(compiled.calls.count))
                kernels.removeFirst(own.count)
                bound[step] = BoundStep(step: compiled, kernels: own)
            }
            return bound
        }

        private static func packedWeights(of steps: [CompiledStep]) -> [PackedWeight] {
            var seen = Set<PackedWeight>()
            return steps.flatMap(\.calls).flatMap(\.buffers).compactMap { buffer in
                guard case .packed(let weight) = buffer, seen.insert(weight).inserted else {
                    return nil
                }
                return weight
            }
        }

        private static func packs(
            _ weights: [PackedWeight], _ kernels: ArraySlice<CompiledKernel>, isa: VectorISA,
            _ byteCount: inout Int
        ) -> [PackedWeight: BoundPack] {
            var packs: [PackedWeight: BoundPack] = [:]
            for (weight, kernel) in zip(weights, kernels) {
                packs[weight] = BoundPack(kernel: kernel, byteOffset: byteCount)
                let count = weight.packing.packedCount(isa: isa) * MemoryLayout<Float>.stride
                byteCount += (count + 63) / 64 * 64
            }
            return packs
        }

        package func preparation(_ context: BindingContext) throws -> [Phase] {
            let ordered = packs.sorted { $0.key.buffer < $1.key.buffer }
            return ordered.map { weight, pack in
                let source = context.addresses[weight.buffer]
                let panels = packMemory.base + pack.byteOffset
                let count = pack.kernel.function.partCount(parameters: [])
                return Phase(partCount: count) { part, _ in
                    withUnsafeTemporaryAllocation(
                        of: UnsafeMutableRawPointer?.self, capacity: 2
                    ) { table in
                        (table[0], table[1]) = (source, panels)
                        pack.kernel.entry(
                            UnsafePointer(table.baseAddress), nil, Int64(part), nil)
                    }
                }
            }
        }

        /// Steps that run as native code.
        package var compiledStepCount: Int { compiled.count }

        package func isCompiled(_ step: PlanStep) -> Bool { compiled[step] != nil }

        /// Whether `bindAdding` has kernels for a step.
        package func addsToItsResult(_ step: PlanStep) -> Bool { adding[step] != nil }

        package func kernelNames(
            _ step: PlanStep, index: Int, _ context: BindingContext
        ) -> [String] {
            guard let bound = compiled[step] else { return [step.routineName(index: index)] }
            let prologue = bound.step.prologue(context).map { _ in
                PlanProfile.prologueName(index)
            }
            return prologue + bound.step.kernelNames(stepIndex: index)
        }

        package func bind(_ step: PlanStep, _ context: BindingContext) throws -> [Phase] {
            guard let bound = compiled[step] else { return try interpreted.bind(step, context) }
            return phases(bound, context)
        }

        package func bindAdding(_ step: PlanStep, _ context: BindingContext) -> [Phase]? {
            adding[step].map { phases($0, context) }
        }

        private func phases(_ bound: BoundStep, _ context: BindingContext) -> [Phase] {
            context.scratch.reserveShared(byteCount: bound.step.sharedScratchByteCount)
            let phases = zip(bound.step.calls, bound.kernels).map { call, kernel in
                phase(call, kernel, context)
            }
            return bound.step.prologue(context) + phases + bound.step.epilogue(context)
        }

        private func phase(
            _ call: KernelCall, _ kernel: CompiledKernel, _ context: BindingContext
        ) -> Phase {
            let arguments = CallArguments(call, context) { weight in
                packs[weight].map { packMemory.base + $0.byteOffset }
            }
            let scratch = context.scratch
            scratch.reserveForWorker(byteCount: call.function.scratchByteCount)
            let entry = kernel.entry
            let count = call.function.partCount(parameters: arguments.parameters)
            // The phase keeps the kernel, and with it the code, alive.
            return Phase(partCount: count) { [kernel] part, worker in
                _ = kernel
                arguments.withPointers(sharedScratch: scratch.sharedBase) { buffers, parameters in
                    entry(buffers, parameters, Int64(part), scratch.base(ofWorker: worker))
                }
            }
        }
    }

    /// The argument tables of one call: what is fixed is laid out once, scalars and scratch
    /// addresses are filled in at each run.
    private struct CallArguments {
        let parameters: [Int64]
        private let buffers: [UnsafeMutableRawPointer?]
        /// Parameters that are read at each run.
        private let scalars: [Scalar]
        private struct Scalar {
            var index: Int
            var source: UnsafeMutablePointer<Int64>
            var factor: Int64 = 1
        }

        /// Buffers that lie in shared scratch.
        private let scratch: [(index: Int, byteOffset: Int)]

        init(
            _ call: KernelCall, _ context: BindingContext,
            packed: (PackedWeight) -> UnsafeMutableRawPointer?
        ) {
            var scratch: [(index: Int, byteOffset: Int)] = []
            var buffers: [UnsafeMutableRawPointer?] = []
            for (index, buffer) in call.buffers.enumerated() {
                switch buffer {
                case .value(let value): buffers.append(context.raw(value))
                case .packed(let weight): buffers.append(packed(weight))
                case .scratch(let byteOffset):
                    scratch.append((index, byteOffset))
                    buffers.append(nil)
                }
            }
            var scalars: [Scalar] = []
            var parameters: [Int64] = []
            for (index, name) in call.function.parameters.enumerated() {
                switch call.parameters[name] {
                case .extent(let dimension):
                    parameters.append(Int64(dimension.evaluated { context.extents($0) } ?? 0))
                case .constant(let value): parameters.append(Int64(value))
                case .scalar(let value):
                    scalars.append(Scalar(index: index, source: context.pointer(value)))
                    parameters.append(0)
                case .first(let perEntry):
                    if let source = context.firstEntry {
                        let factor = Int64(perEntry.evaluated { context.extents($0) } ?? 0)
                        scalars.append(Scalar(index: index, source: source, factor: factor))
                    }
                    parameters.append(0)
                case nil: parameters.append(0)
                }
            }
            (self.buffers, self.parameters) = (buffers, parameters)
            (self.scalars, self.scratch) = (scalars, scratch)
        }

        func withPointers(
            sharedScratch: UnsafeMutableRawPointer,
            _ body: (
                UnsafePointer<UnsafeMutableRawPointer?>?, UnsafePointer<Int64>?
            ) -> Void
        ) {
            withUnsafeTemporaryAllocation(
                of: UnsafeMutableRawPointer?.self, capacity: buffers.count
            ) { table in
                for index in buffers.indices { table[index] = buffers[index] }
                for place in scratch { table[place.index] = sharedScratch + place.byteOffset }
                withUnsafeTemporaryAllocation(
                    of: Int64.self, capacity: max(parameters.count, 1)
                ) { values in
                    for index in parameters.indices { values[index] = parameters[index] }
                    for scalar in scalars {
                        values[scalar.index] = scalar.source.pointee * scalar.factor
                    }
                    body(UnsafePointer(table.baseAddress), UnsafePointer(values.baseAddress))
                }
            }
        }
    }
#endif
