#if LLVM
    import CLLVM

    extension ModuleEmitter {
        func emitDotBFloat16Pairs(
            _ accumulator: LLVMValueRef?, _ a: LLVMValueRef?, _ b: LLVMValueRef?,
            _ resultType: ValueType
        ) -> LLVMValueRef? {
            if isa.hasBFloat16Dot, resultType.lanes == 16 {
                let pairs = LLVMVectorType(LLVMBFloatTypeInContext(context), 32)
                return callIntrinsic(
                    "llvm.x86.avx512bf16.dpbf16ps.512",
                    [
                        accumulator, LLVMBuildBitCast(builder, a, pairs, ""),
                        LLVMBuildBitCast(builder, b, pairs, ""),
                    ])
            }
            let (float, int) = (type(resultType), resultType.with(.int32))
            func half(_ pair: LLVMValueRef?, isLow: Bool) -> LLVMValueRef? {
                let bits =
                    isLow
                    ? LLVMBuildShl(builder, pair, constant(.integer(16), int), "")
                    : LLVMBuildAnd(builder, pair, constant(.integer(0xFFFF_0000), int), "")
                return LLVMBuildBitCast(builder, bits, float, "")
            }
            let high = callIntrinsic(
                "llvm.fma", [half(a, isLow: false), half(b, isLow: false), accumulator],
                overloads: [float])
            return callIntrinsic(
                "llvm.fma", [half(a, isLow: true), half(b, isLow: true), high], overloads: [float])
        }

        /// One instruction where the processor has it; zipped pairs take one more.
        func emitBFloat16Pairs(
            _ a: LLVMValueRef?, _ b: LLVMValueRef?, _ pairing: BFloat16Pairing,
            _ resultType: ValueType
        ) -> LLVMValueRef? {
            let lanes = resultType.lanes
            guard isa.hasBFloat16Dot, lanes == 16 else {
                return emitRoundedPairs(a, b, pairing, resultType)
            }
            // The second operand's elements come first.
            let both = callIntrinsic("llvm.x86.avx512bf16.cvtne2ps2bf16.512", [b, a])
            let halves = LLVMBuildBitCast(
                builder, both, LLVMVectorType(LLVMInt16TypeInContext(context), 32), "")
            let ordered =
                pairing == .adjacent
                ? halves
                : LLVMBuildShuffleVector(
                    builder, halves, halves,
                    laneConstants((0..<32).map { $0 / 2 + $0 % 2 * 16 }, .int32), "")
            return LLVMBuildBitCast(builder, ordered, type(resultType), "")
        }

        /// The same by integer arithmetic.
        private func emitRoundedPairs(
            _ a: LLVMValueRef?, _ b: LLVMValueRef?, _ pairing: BFloat16Pairing,
            _ resultType: ValueType
        ) -> LLVMValueRef? {
            let (lanes, int) = (resultType.lanes, type(resultType))
            func constant(_ bits: Int64) -> LLVMValueRef? {
                self.constant(.integer(bits), resultType)
            }
            /// In the low half.
            func rounded(_ x: LLVMValueRef?) -> LLVMValueRef? {
                let bits = LLVMBuildBitCast(builder, x, int, "")
                let upper = LLVMBuildLShr(builder, bits, constant(16), "")
                let odd = LLVMBuildAnd(builder, upper, constant(1), "")
                let up = LLVMBuildAdd(
                    builder, bits, LLVMBuildAdd(builder, odd, constant(0x7FFF), ""), "")
                let nearest = LLVMBuildLShr(builder, up, constant(16), "")
                let exponent = LLVMBuildAnd(builder, bits, constant(0x7F80_0000), "")
                let isTiny = LLVMBuildICmp(builder, LLVMIntEQ, exponent, constant(0), "")
                let zero = LLVMBuildAnd(builder, upper, constant(0x8000), "")
                let isNaN = LLVMBuildFCmp(builder, LLVMRealUNO, x, x, "")
                let quiet = LLVMBuildOr(builder, upper, constant(0x40), "")
                return LLVMBuildSelect(
                    builder, isNaN, quiet, LLVMBuildSelect(builder, isTiny, zero, nearest, ""), "")
            }
            func picked(_ first: Int) -> LLVMValueRef? {
                LLVMBuildShuffleVector(
                    builder, a, b, laneConstants((0..<lanes).map { 2 * $0 + first }, .int32), "")
            }
            let (low, high) = pairing == .zipped ? (a, b) : (picked(0), picked(1))
            return LLVMBuildOr(
                builder, rounded(low), LLVMBuildShl(builder, rounded(high), constant(16), ""), "")
        }
    }
#endif
