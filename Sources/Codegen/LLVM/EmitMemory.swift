#if LLVM
    import CLLVM

    extension ModuleEmitter {
        /// `base + index + offset` elements; the constant is added last, so that it becomes the
        /// displacement of the addressing mode.
        func elementPointer(
            _ base: LLVMValueRef?, _ element: LLVMTypeRef?, _ index: LLVMValueRef?, offset: Int
        ) -> LLVMValueRef? {
            var indices = [index]
            let place = LLVMBuildInBoundsGEP2(builder, element, base, &indices, 1, "")
            if offset == 0 { return place }
            indices = [integer(offset)]
            return LLVMBuildInBoundsGEP2(builder, element, place, &indices, 1, "")
        }

        private func pointer(toStartOf memory: Memory) -> LLVMValueRef? {
            switch memory {
            case .buffer(let index): bufferPointers[index]
            case .scratch(let index):
                elementPointer(
                    scratchPointer, LLVMInt8TypeInContext(context),
                    integer(function.scratch[index].byteOffset), offset: 0)
            }
        }

        private func pointer(_ address: Address) -> LLVMValueRef? {
            let element = type(ValueType(function.element(of: address.memory)))
            return elementPointer(
                pointer(toStartOf: address.memory), element, value(address.index),
                offset: address.offset)
        }

        private func alignment(_ memory: Memory) -> UInt32 {
            UInt32(function.element(of: memory).byteCount)
        }

        func emitLoad(_ address: Address, _ mask: ValueID?, _ resultType: ValueType)
            -> LLVMValueRef?
        {
            let (place, vector) = (pointer(address), type(resultType))
            // A vector's natural alignment would fault: rows of a tensor start anywhere.
            let alignment = alignment(address.memory)
            guard let mask else {
                let load = LLVMBuildLoad2(builder, vector, place, "")
                LLVMSetAlignment(load, alignment)
                return load
            }
            return callIntrinsic(
                "llvm.masked.load",
                [place, int32(alignment), value(mask), LLVMConstNull(vector)],
                overloads: [vector, LLVMPointerTypeInContext(context, 0)])
        }

        func emitStore(_ stored: ValueID, _ address: Address, _ mask: ValueID?) {
            let place = pointer(address)
            let alignment = alignment(address.memory)
            guard let mask else {
                LLVMSetAlignment(LLVMBuildStore(builder, value(stored), place), alignment)
                return
            }
            _ = callIntrinsic(
                "llvm.masked.store", [value(stored), place, int32(alignment), value(mask)],
                overloads: [type(function.type(of: stored)), LLVMPointerTypeInContext(context, 0)])
        }

        /// To the core's second cache: what is fetched is larger than the first.
        func emitPrefetch(_ address: Address) {
            // Not in bounds, perhaps: counted from the memory's start in plain arithmetic.
            var indices = [
                LLVMBuildAdd(builder, value(address.index), integer(address.offset), "")
            ]
            let element = type(ValueType(function.element(of: address.memory)))
            let start = pointer(toStartOf: address.memory)
            let place = LLVMBuildGEP2(builder, element, start, &indices, 1, "")
            let (isWrite, toSecondCache, isData) = (int32(0), int32(2), int32(1))
            _ = callIntrinsic(
                "llvm.prefetch", [place, isWrite, toSecondCache, isData],
                overloads: [LLVMPointerTypeInContext(context, 0)])
        }

        private func int32(_ value: UInt32) -> LLVMValueRef? {
            LLVMConstInt(LLVMInt32TypeInContext(context), UInt64(value), 0)
        }
    }
#endif
