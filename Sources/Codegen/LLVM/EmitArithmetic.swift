#if LLVM
    import CLLVM

    extension ModuleEmitter {
        func emit(_ operation: Operation, _ resultType: ValueType) -> LLVMValueRef? {
            switch operation {
            case .constant(let constant): self.constant(constant, resultType)
            case .parameter(let index):
                LLVMBuildLoad2(
                    builder, indexType,
                    elementPointer(parameterTable, indexType, integer(index), offset: 0), "")
            case .part: partIndex
            case .unary(let unary, let a): emit(unary, value(a), type(resultType))
            case .binary(let binary, let a, let b):
                resultType.scalar.isFloat
                    ? emitFloat(binary, value(a), value(b))
                    : emitInteger(binary, value(a), value(b))
            case .fusedMultiplyAdd(let a, let b, let c):
                callIntrinsic(
                    "llvm.fma", [value(a), value(b), value(c)], overloads: [type(resultType)])
            case .compare(let comparison, let a, let b):
                function.type(of: a).scalar.isFloat
                    ? LLVMBuildFCmp(builder, comparison.floatPredicate, value(a), value(b), "")
                    : LLVMBuildICmp(builder, comparison.integerPredicate, value(a), value(b), "")
            case .select(let condition, let a, let b):
                LLVMBuildSelect(builder, value(condition), value(a), value(b), "")
            case .convert(let conversion, let a): emit(conversion, value(a), type(resultType))
            case .splat(let a): emitSplat(value(a), resultType)
            case .laneIndices: laneConstants(Array(0..<resultType.lanes), resultType.scalar)
            case .shuffle(let a, let b, let lanes):
                LLVMBuildShuffleVector(
                    builder, value(a), value(b), laneConstants(lanes, .int32), "")
            case .reduce(let reduction, let a):
                emit(reduction, value(a), function.type(of: a))
            case .dotBFloat16Pairs(let accumulator, let a, let b):
                emitDotBFloat16Pairs(value(accumulator), value(a), value(b), resultType)
            case .bfloat16Pairs(let a, let b, let pairing):
                emitBFloat16Pairs(value(a), value(b), pairing, resultType)
            case .load(let address, let mask): emitLoad(address, mask, resultType)
            case .store, .prefetch, .loop, .branch: nil
            }
        }

        private func emit(
            _ operation: UnaryOperation, _ a: LLVMValueRef?, _ type: LLVMTypeRef?
        ) -> LLVMValueRef? {
            switch operation {
            case .squareRoot: callIntrinsic("llvm.sqrt", [a], overloads: [type])
            case .negate: LLVMBuildFNeg(builder, a, "")
            case .absolute: callIntrinsic("llvm.fabs", [a], overloads: [type])
            }
        }

        private func emitFloat(
            _ operation: BinaryOperation, _ a: LLVMValueRef?, _ b: LLVMValueRef?
        ) -> LLVMValueRef? {
            switch operation {
            case .add: return LLVMBuildFAdd(builder, a, b, "")
            case .subtract: return LLVMBuildFSub(builder, a, b, "")
            case .multiply: return LLVMBuildFMul(builder, a, b, "")
            case .divide: return LLVMBuildFDiv(builder, a, b, "")
            // Compare and select, not `minnum`: one instruction on x86, with x86's rule for NaN.
            case .minimum:
                return LLVMBuildSelect(
                    builder, LLVMBuildFCmp(builder, LLVMRealOLT, a, b, ""), a, b, "")
            case .maximum:
                return LLVMBuildSelect(
                    builder, LLVMBuildFCmp(builder, LLVMRealOGT, a, b, ""), a, b, "")
            default: return nil
            }
        }

        private func emitInteger(
            _ operation: BinaryOperation, _ a: LLVMValueRef?, _ b: LLVMValueRef?
        ) -> LLVMValueRef? {
            switch operation {
            case .add: LLVMBuildAdd(builder, a, b, "")
            case .subtract: LLVMBuildSub(builder, a, b, "")
            case .multiply: LLVMBuildMul(builder, a, b, "")
            case .divide: nil
            case .minimum:
                LLVMBuildSelect(builder, LLVMBuildICmp(builder, LLVMIntSLT, a, b, ""), a, b, "")
            case .maximum:
                LLVMBuildSelect(builder, LLVMBuildICmp(builder, LLVMIntSGT, a, b, ""), a, b, "")
            case .and: LLVMBuildAnd(builder, a, b, "")
            case .or: LLVMBuildOr(builder, a, b, "")
            case .xor: LLVMBuildXor(builder, a, b, "")
            case .shiftLeft: LLVMBuildShl(builder, a, b, "")
            case .shiftRight: LLVMBuildLShr(builder, a, b, "")
            case .arithmeticShiftRight: LLVMBuildAShr(builder, a, b, "")
            case .unsignedQuotient: LLVMBuildUDiv(builder, a, b, "")
            case .unsignedRemainder: LLVMBuildURem(builder, a, b, "")
            }
        }

        private func emit(
            _ conversion: Conversion, _ a: LLVMValueRef?, _ type: LLVMTypeRef?
        ) -> LLVMValueRef? {
            switch conversion {
            case .zeroExtend: LLVMBuildZExt(builder, a, type, "")
            case .signExtend: LLVMBuildSExt(builder, a, type, "")
            case .truncate: LLVMBuildTrunc(builder, a, type, "")
            case .signedToFloat: LLVMBuildSIToFP(builder, a, type, "")
            case .floatToSigned: LLVMBuildFPToSI(builder, a, type, "")
            case .bitcast: LLVMBuildBitCast(builder, a, type, "")
            }
        }

        /// Insert and shuffle: the form instruction selection turns into one broadcast.
        private func emitSplat(_ scalar: LLVMValueRef?, _ resultType: ValueType) -> LLVMValueRef? {
            let poison = LLVMGetPoison(type(resultType))
            let first = LLVMBuildInsertElement(
                builder, poison, scalar, LLVMConstInt(LLVMInt32TypeInContext(context), 0, 0), "")
            let zeros = laneConstants(Array(repeating: 0, count: resultType.lanes), .int32)
            return LLVMBuildShuffleVector(builder, first, poison, zeros, "")
        }

        /// Halves are combined until one lane is left, as `Reduction` defines.
        private func emit(
            _ reduction: Reduction, _ vector: LLVMValueRef?, _ vectorType: ValueType
        ) -> LLVMValueRef? {
            let combine: BinaryOperation =
                switch reduction {
                case .sum: .add
                case .maximum: .maximum
                case .minimum: .minimum
                }
            var (vector, lanes) = (vector, vectorType.lanes)
            while lanes > 1 {
                let half = lanes / 2
                let low = LLVMBuildShuffleVector(
                    builder, vector, vector, laneConstants(Array(0..<half), .int32), "")
                let high = LLVMBuildShuffleVector(
                    builder, vector, vector, laneConstants(Array(half..<lanes), .int32), "")
                vector =
                    vectorType.scalar.isFloat
                    ? emitFloat(combine, low, high) : emitInteger(combine, low, high)
                lanes = half
            }
            let zero = LLVMConstInt(LLVMInt32TypeInContext(context), 0, 0)
            return LLVMBuildExtractElement(builder, vector, zero, "")
        }
    }

    extension Comparison {
        fileprivate var floatPredicate: LLVMRealPredicate {
            switch self {
            case .equal: LLVMRealOEQ
            case .notEqual: LLVMRealUNE
            case .less: LLVMRealOLT
            case .lessOrEqual: LLVMRealOLE
            case .greater: LLVMRealOGT
            case .greaterOrEqual: LLVMRealOGE
            }
        }

        fileprivate var integerPredicate: LLVMIntPredicate {
            switch self {
            case .equal: LLVMIntEQ
            case .notEqual: LLVMIntNE
            case .less: LLVMIntSLT
            case .lessOrEqual: LLVMIntSLE
            case .greater: LLVMIntSGT
            case .greaterOrEqual: LLVMIntSGE
            }
        }
    }
#endif
