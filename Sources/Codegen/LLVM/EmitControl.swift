#if LLVM
    import CLLVM

    extension ModuleEmitter {
        /// A rotated loop (test at the end), behind a guard unless it surely runs:
        ///
        /// ```
        /// before:  br (lower < upper), body, after
        /// body:    index = phi [lower, before], [next, latch]; …; br (next < upper), body, after
        /// after:   result = phi [initial, before], [last, latch]
        /// ```
        func emit(_ loop: Loop, results: [ValueID]) {
            let (lower, upper) = (value(loop.lower), value(loop.upper))
            let before = LLVMGetInsertBlock(builder)
            let body = LLVMAppendBasicBlockInContext(context, llvmFunction, "loop")
            let after = LLVMAppendBasicBlockInContext(context, llvmFunction, "after")
            let mayBeEmpty = !surelyRuns(lower, upper)
            if mayBeEmpty {
                let isEntered = LLVMBuildICmp(builder, LLVMIntSLT, lower, upper, "")
                LLVMBuildCondBr(builder, isEntered, body, after)
            } else {
                LLVMBuildBr(builder, body)
            }

            LLVMPositionBuilderAtEnd(builder, body)
            let index = LLVMBuildPhi(builder, indexType, "")
            values[loop.index.number] = index
            let phis = loop.carried.map { LLVMBuildPhi(builder, type(function.type(of: $0)), "") }
            for (id, phi) in zip(loop.carried, phis) { values[id.number] = phi }
            emit(loop.body)
            let following = LLVMBuildAdd(builder, index, integer(loop.step), "")
            let continues = LLVMBuildICmp(builder, LLVMIntSLT, following, upper, "")
            let latch = LLVMGetInsertBlock(builder)
            LLVMBuildCondBr(builder, continues, body, after)
            connect(index, (lower, before), (following, latch))
            for (phi, (initial, next)) in zip(phis, zip(loop.initial, loop.next)) {
                connect(phi, (value(initial), before), (value(next), latch))
            }

            LLVMPositionBuilderAtEnd(builder, after)
            for (result, (initial, next)) in zip(results, zip(loop.initial, loop.next)) {
                if mayBeEmpty {
                    let phi = LLVMBuildPhi(builder, type(function.type(of: result)), "")
                    connect(phi, (value(initial), before), (value(next), latch))
                    values[result.number] = phi
                } else {
                    values[result.number] = value(next)
                }
            }
        }

        func emitBranch(_ condition: ValueID, _ body: [Instruction]) {
            let taken = LLVMAppendBasicBlockInContext(context, llvmFunction, "then")
            let after = LLVMAppendBasicBlockInContext(context, llvmFunction, "after")
            LLVMBuildCondBr(builder, value(condition), taken, after)
            LLVMPositionBuilderAtEnd(builder, taken)
            emit(body)
            LLVMBuildBr(builder, after)
            LLVMPositionBuilderAtEnd(builder, after)
        }

        private func surelyRuns(_ lower: LLVMValueRef?, _ upper: LLVMValueRef?) -> Bool {
            guard LLVMIsAConstantInt(lower) != nil, LLVMIsAConstantInt(upper) != nil else {
                return false
            }
            return LLVMConstIntGetSExtValue(lower) < LLVMConstIntGetSExtValue(upper)
        }

        private func connect(
            _ phi: LLVMValueRef?, _ first: (LLVMValueRef?, LLVMBasicBlockRef?),
            _ second: (LLVMValueRef?, LLVMBasicBlockRef?)
        ) {
            var values = [first.0, second.0]
            var blocks = [first.1, second.1]
            LLVMAddIncoming(phi, &values, &blocks, 2)
        }
    }
#endif
