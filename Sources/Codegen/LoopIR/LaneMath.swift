/// What loop IR's operations do to one lane, given and returned as bits.
enum LaneMath {
    static func float(_ bits: UInt64) -> Float {
        Float(bitPattern: UInt32(truncatingIfNeeded: bits))
    }
    static func bits(_ value: Float) -> UInt64 { UInt64(value.bitPattern) }

    /// Keeps the bits the type has.
    static func wrap(_ bits: UInt64, _ scalar: ScalarType) -> UInt64 {
        scalar.bitCount == 64 ? bits : bits & (1 << UInt64(scalar.bitCount) - 1)
    }

    static func signed(_ bits: UInt64, _ scalar: ScalarType) -> Int64 {
        let unused = UInt64(64 - scalar.bitCount)
        return Int64(bitPattern: bits << unused) >> Int64(unused)
    }

    static func unary(_ operation: UnaryOperation, _ a: UInt64) -> UInt64 {
        switch operation {
        case .squareRoot: bits(float(a).squareRoot())
        case .negate: a ^ 0x8000_0000
        case .absolute: a & 0x7FFF_FFFF
        }
    }

    static func binary(
        _ operation: BinaryOperation, _ a: UInt64, _ b: UInt64, _ scalar: ScalarType
    ) -> UInt64 {
        scalar.isFloat
            ? bits(floatBinary(operation, float(a), float(b)))
            : wrap(integerBinary(operation, a, b, scalar), scalar)
    }

    private static func floatBinary(_ operation: BinaryOperation, _ a: Float, _ b: Float) -> Float {
        switch operation {
        case .add: a + b
        case .subtract: a - b
        case .multiply: a * b
        case .divide: a / b
        case .minimum: a < b ? a : b
        case .maximum: a > b ? a : b
        default: .nan
        }
    }

    private static func integerBinary(
        _ operation: BinaryOperation, _ a: UInt64, _ b: UInt64, _ scalar: ScalarType
    ) -> UInt64 {
        switch operation {
        case .add: a &+ b
        case .subtract: a &- b
        case .multiply: a &* b
        case .divide: 0
        case .minimum: signed(a, scalar) < signed(b, scalar) ? a : b
        case .maximum: signed(a, scalar) > signed(b, scalar) ? a : b
        case .and: a & b
        case .or: a | b
        case .xor: a ^ b
        case .shiftLeft: a << b
        case .shiftRight: a >> b
        case .arithmeticShiftRight: UInt64(bitPattern: signed(a, scalar) >> Int64(b))
        case .unsignedQuotient: b == 0 ? 0 : a / b
        case .unsignedRemainder: b == 0 ? 0 : a % b
        }
    }

    static func fusedMultiplyAdd(_ a: UInt64, _ b: UInt64, _ c: UInt64) -> UInt64 {
        bits(float(c).addingProduct(float(a), float(b)))
    }

    static func compare(
        _ comparison: Comparison, _ a: UInt64, _ b: UInt64, _ scalar: ScalarType
    ) -> Bool {
        return scalar.isFloat
            ? comparison.holds(float(a), float(b))
            : comparison.holds(signed(a, scalar), signed(b, scalar))
    }

    static func convert(
        _ conversion: Conversion, _ a: UInt64, from source: ScalarType, to target: ScalarType
    ) -> UInt64 {
        switch conversion {
        case .zeroExtend, .bitcast: a
        case .signExtend: wrap(UInt64(bitPattern: signed(a, source)), target)
        case .truncate: wrap(a, target)
        case .signedToFloat: bits(Float(signed(a, source)))
        case .floatToSigned:
            wrap(UInt64(bitPattern: Int64(exactly: float(a).rounded(.towardZero)) ?? 0), target)
        }
    }

    static func dotBFloat16Pairs(_ accumulator: UInt64, _ a: UInt64, _ b: UInt64) -> UInt64 {
        func low(_ pair: UInt64) -> UInt64 { wrap(pair << 16, .int32) }
        func high(_ pair: UInt64) -> UInt64 { pair & 0xFFFF_0000 }
        return fusedMultiplyAdd(
            low(a), low(b), fusedMultiplyAdd(high(a), high(b), accumulator))
    }

    /// In the low half; see `Operation.bfloat16Pairs`.
    private static func bfloat16(_ a: UInt64) -> UInt64 {
        let bits = UInt32(truncatingIfNeeded: a)
        let exponent = bits & 0x7F80_0000
        if exponent == 0 { return UInt64(bits >> 16 & 0x8000) }
        if float(a).isNaN { return UInt64(bits >> 16 | 0x40) }
        return UInt64((bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
    }

    static func bfloat16Pairs(
        _ a: [UInt64], _ b: [UInt64], _ pairing: BFloat16Pairing
    ) -> [UInt64] {
        switch pairing {
        case .zipped: return zip(a, b).map { bfloat16($0) | bfloat16($1) << 16 }
        case .adjacent:
            let both = (a + b).map(bfloat16)
            return a.indices.map { both[2 * $0] | both[2 * $0 + 1] << 16 }
        }
    }
}
