#if LLVM
    import CLLVM

    /// Translates loop IR to LLVM IR, one LLVM instruction (or a few) per operation.
    ///
    /// The output is clean SSA: phis for carried values, constant strides, explicit vector types. No
    /// LLVM pass has to run on it before instruction selection.
    final class ModuleEmitter {
        let context: LLVMContextRef
        let module: LLVMModuleRef
        let builder: LLVMBuilderRef
        let isa: VectorISA

        // State of the function being emitted.
        var function: LoopFunction
        var llvmFunction: LLVMValueRef?
        var values: [LLVMValueRef?] = []
        var bufferPointers: [LLVMValueRef] = []
        var scratchPointer: LLVMValueRef?
        var parameterTable: LLVMValueRef?
        var partIndex: LLVMValueRef?

        init(name: String, isa: VectorISA) throws {
            guard let context = LLVMContextCreate() else { throw CodegenError("LLVM: no context") }
            self.context = context
            self.isa = isa
            module = LLVMModuleCreateWithNameInContext(name, context)
            builder = LLVMCreateBuilderInContext(context)
            function = LoopFunction(
                name: "", buffers: [], parameters: [], scratch: [], partAxes: [], types: [],
                body: [])
        }

        deinit {
            LLVMDisposeBuilder(builder)
            LLVMDisposeModule(module)
            LLVMContextDispose(context)
        }

        /// Adds `function` to the module under `symbol`.
        func emit(_ function: LoopFunction, symbol: String) {
            self.function = function
            values = Array(repeating: nil, count: function.types.count)
            let pointer = LLVMPointerTypeInContext(context, 0)
            var arguments: [LLVMTypeRef?] = [pointer, pointer, indexType, pointer]
            let type = LLVMFunctionType(LLVMVoidTypeInContext(context), &arguments, 4, 0)
            let llvmFunction = LLVMAddFunction(module, symbol, type)
            self.llvmFunction = llvmFunction
            addAttribute("nounwind", to: llvmFunction)
            if AddressSanitizer.isInProcess {
                addAttribute("sanitize_address", to: llvmFunction)
            }
            let entry = LLVMAppendBasicBlockInContext(context, llvmFunction, "entry")
            LLVMPositionBuilderAtEnd(builder, entry)
            parameterTable = LLVMGetParam(llvmFunction, 1)
            partIndex = LLVMGetParam(llvmFunction, 2)
            scratchPointer = LLVMGetParam(llvmFunction, 3)
            bufferPointers = function.buffers.indices.compactMap { index in
                let slot = elementPointer(
                    LLVMGetParam(llvmFunction, 0), pointer, integer(index), offset: 0)
                return LLVMBuildLoad2(builder, pointer, slot, function.buffers[index].name)
            }
            emit(function.body)
            LLVMBuildRetVoid(builder)
        }

        private func addAttribute(_ name: String, to function: LLVMValueRef?) {
            let kind = LLVMGetEnumAttributeKindForName(name, name.utf8.count)
            let wholeFunction = UInt32(bitPattern: -1)
            LLVMAddAttributeAtIndex(
                function, wholeFunction, LLVMCreateEnumAttribute(context, kind, 0))
        }

        func emit(_ body: [Instruction]) {
            for instruction in body {
                switch instruction.operation {
                case .loop(let loop): emit(loop, results: instruction.results)
                case .branch(let condition, let inner): emitBranch(condition, inner)
                case .store(let value, let address, let mask): emitStore(value, address, mask)
                case .prefetch(let address): emitPrefetch(address)
                default:
                    let result = instruction.results[0]
                    values[result.number] = emit(instruction.operation, function.type(of: result))
                }
            }
        }

        // Types and constants

        var indexType: LLVMTypeRef? { LLVMInt64TypeInContext(context) }

        func type(_ type: ValueType) -> LLVMTypeRef? {
            let scalar =
                type.scalar.isFloat
                ? LLVMFloatTypeInContext(context)
                : LLVMIntTypeInContext(context, UInt32(type.scalar.bitCount))
            return type.lanes == 1 ? scalar : LLVMVectorType(scalar, UInt32(type.lanes))
        }

        func integer(_ value: Int) -> LLVMValueRef? {
            LLVMConstInt(indexType, UInt64(bitPattern: Int64(value)), 1)
        }

        func constant(_ constant: Constant, _ valueType: ValueType) -> LLVMValueRef? {
            let scalarType = type(ValueType(valueType.scalar))
            let scalar: LLVMValueRef?
            switch constant {
            case .integer(let value):
                scalar = LLVMConstInt(scalarType, UInt64(bitPattern: value), 1)
            case .float(let bits):
                let integer = LLVMConstInt(LLVMInt32TypeInContext(context), UInt64(bits), 0)
                scalar = LLVMConstBitCast(integer, scalarType)
            }
            if valueType.lanes == 1 { return scalar }
            var lanes = Array(repeating: scalar, count: valueType.lanes)
            return LLVMConstVector(&lanes, UInt32(valueType.lanes))
        }

        func laneConstants(_ numbers: [Int], _ scalar: ScalarType) -> LLVMValueRef? {
            let scalarType = type(ValueType(scalar))
            var lanes = numbers.map { LLVMConstInt(scalarType, UInt64($0), 0) }
            return LLVMConstVector(&lanes, UInt32(lanes.count))
        }

        func value(_ id: ValueID) -> LLVMValueRef? { values[id.number] }

        /// Calls an LLVM intrinsic, `overloads` being the types its name leaves open.
        func callIntrinsic(
            _ name: String, _ arguments: [LLVMValueRef?], overloads: [LLVMTypeRef?] = []
        ) -> LLVMValueRef? {
            let id = LLVMLookupIntrinsicID(name, name.utf8.count)
            var overloads = overloads
            let declaration = LLVMGetIntrinsicDeclaration(module, id, &overloads, overloads.count)
            let type = LLVMIntrinsicGetType(context, id, &overloads, overloads.count)
            var arguments = arguments
            return LLVMBuildCall2(
                builder, type, declaration, &arguments, UInt32(arguments.count), "")
        }
    }
#endif
