/// Elementary functions as loop IR, for scalars and vectors of float32.
///
/// They are made of exactly rounded operations only, so the interpreter and every target give the
/// same bits. Each states its largest error in ulp (units in the last place of the exact result),
/// measured against Double over float32 arguments of all sizes by `codegen-bench accuracy`.
package enum VectorMath {
    /// Horner's rule with fused multiply-adds; the highest power comes first.
    static func polynomial(_ x: Value, _ coefficients: [Double]) -> Value {
        var sum = x.like(coefficients[0])
        for coefficient in coefficients.dropFirst() {
            sum = sum.multiplied(by: x, adding: coefficient)
        }
        return sum
    }

    /// 1.5·2²³: adding it rounds a float32 to an integer, left in the low bits of the sum.
    static let roundingShift = 12_582_912.0

    /// The nearest integer to `x` (|x| < 2²²), as a float and in `int32` bits.
    static func roundToInteger(_ x: Value) -> (float: Value, integer: Value) {
        let shifted = x + roundingShift
        return (shifted - roundingShift, shifted.bitcast(.int32) - 0x4B40_0000)
    }

    /// `x · 2ⁿ` for −252 ≤ n ≤ 254, in two steps so that subnormal results and overflow are right.
    static func scale(_ x: Value, byPowerOfTwo n: Value) -> Value {
        let half = n.arithmeticShiftRight(1)
        func power(_ n: Value) -> Value { ((n + 127) << 23).bitcast(.float32) }
        return x * power(half) * power(n - half)
    }
}
