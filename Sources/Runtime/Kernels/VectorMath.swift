/// Elementary functions on eight Floats, by polynomials fitted (Remez) to the range named at each.
///
/// Only additions, multiplications and bit operations: the build's baseline has no fused
/// multiply-add, and a call to one would be a library call. Results below the smallest normal
/// number (1.2e-38) are flushed to zero; infinities and not-a-number go through as in `libm`.
package enum VectorMath {
    /// 1.5·2²³: adding it rounds a small number to the nearest integer, held in the low bits.
    @inline(__always)
    static var roundingMagic: Float8 { Float8(repeating: 12_582_912) }

    /// `p · 2ⁿ`, n being the low bits of `shifted` (a number to which the magic was added).
    @inline(__always)
    static func scale(_ p: Float8, byPowerIn shifted: Float8) -> Float8 {
        let exponent = unsafeBitCast(shifted, to: SIMD8<UInt32>.self) &<< 23
        return unsafeBitCast(
            unsafeBitCast(p, to: SIMD8<UInt32>.self) &+ exponent, to: Float8.self)
    }

    /// eˣ for x in −87.33…88.72 only; the callers deal with the rest.
    @inline(__always)
    static func expCore(_ x: Float8) -> Float8 {
        let shifted = x * 1.442_695_04 + roundingMagic
        return scale(expOfRemainder(x, shifted - roundingMagic), byPowerIn: shifted)
    }

    /// e to (x − n ln 2), of magnitude up to ½ ln 2.
    @inline(__always)
    static func expOfRemainder(_ x: Float8, _ n: Float8) -> Float8 {
        // ln 2 in two parts; the first has 9 bits, so n times it is exact.
        let r = (x - n * 0.693_359_375) - n * -2.121_944_4e-4
        var p = Float8(repeating: 0.001_381_453_7)
        p = p * r + 0.008_368_745
        p = p * r + 0.041_668_39
        p = p * r + 0.166_665_21
        p = p * r + 0.499_999_94
        return (p * r * r + r) + 1
    }

    /// eˣ, within 2 ulp.
    @inline(__always)
    package static func exp(_ x: Float8) -> Float8 {
        let low = Float8(repeating: -87.336_54)
        let high = Float8(repeating: 88.722_84)
        var y = expCore(minimum(high, maximum(low, x)))
        y = whereLess(x, low, .zero, y)
        y = whereLess(x, high, y, Float8(repeating: .infinity))
        return whereEqual(x, x, y, x)
    }

    /// eˣ for x ≤ 0, as softmax needs it: −∞ gives 0, not-a-number stays.
    @inline(__always)
    package static func expOfNonPositive(_ x: Float8) -> Float8 {
        let low = Float8(repeating: -87.336_54)
        let bounded = maximum(low, x)
        // The exponent's bias rides on the magic, so 2ⁿ comes out by one shift; multiplying by it
        // (not adding to the exponent) keeps every not-a-number one.
        let magic = roundingMagic + 127
        let shifted = bounded * 1.442_695_04 + magic
        let power = unsafeBitCast(shifted, to: SIMD8<UInt32>.self) &<< 23
        let y =
            expOfRemainder(bounded, shifted - magic)
            * unsafeBitCast(power, to: Float8.self)
        return whereLess(x, low, .zero, y)
    }

    /// 2ˣ, within 2 ulp.
    @inline(__always)
    package static func exp2(_ x: Float8) -> Float8 {
        let low = Float8(repeating: -126)
        let high = Float8(repeating: 128)
        let clamped = minimum(high, maximum(low, x))
        let shifted = clamped + roundingMagic
        let f = clamped - (shifted - roundingMagic)
        var p = Float8(repeating: 0.000_153_532_63)
        p = p * f + 0.001_339_900_3
        p = p * f + 0.009_618_439
        p = p * f + 0.055_503_32
        p = p * f + 0.240_226_48
        p = p * f + 0.693_147_2
        p = p * f + 1
        var y = scale(p, byPowerIn: shifted)
        y = whereLess(x, low, .zero, y)
        y = whereLess(x, high, y, Float8(repeating: .infinity))
        return whereEqual(x, x, y, x)
    }

    /// ln x, within 2 ulp: −∞ at zero, not-a-number below it.
    @inline(__always)
    package static func log(_ x: Float8) -> Float8 {
        let smallestNormal = Float8(repeating: .leastNormalMagnitude)
        let scaled = whereLess(x, smallestNormal, x * 8_388_608, x)
        let bits = unsafeBitCast(scaled, to: SIMD8<Int32>.self)
        // Subtracting √½'s bits brings the mantissa to √½…√2 and the exponent to its power of two.
        let offset = bits &- 0x3F35_04F3
        let exponent = offset &>> 23
        let mantissa = unsafeBitCast(
            (offset & 0x007F_FFFF) &+ 0x3F35_04F3, to: Float8.self)
        // Exponents are small integers: adding them to the magic's bits converts without a trap.
        let magicBits = unsafeBitCast(roundingMagic, to: SIMD8<Int32>.self)
        var n = unsafeBitCast(magicBits &+ exponent, to: Float8.self) - roundingMagic
        n -= whereLess(x, smallestNormal, Float8(repeating: 23), .zero)
        let f = mantissa - 1
        var p = Float8(repeating: -0.076_344_95)
        p = p * f + 0.127_615_75
        p = p * f + -0.131_601_83
        p = p * f + 0.142_017_59
        p = p * f + -0.166_233_57
        p = p * f + 0.200_012_27
        p = p * f + -0.250_008_2
        p = p * f + 0.333_333_3
        let square = f * f
        let tail = p * f * square + n * -2.121_944_4e-4 - square * 0.5
        var y = (tail + f) + n * 0.693_359_375
        y = whereEqual(x, .zero, Float8(repeating: -.infinity), y)
        y = whereLess(x, .zero, Float8(repeating: .nan), y)
        y = whereEqual(x, Float8(repeating: .infinity), x, y)
        return whereEqual(x, x, y, x)
    }

    /// The hyperbolic tangent, within 3 ulp.
    @inline(__always)
    package static func tanh(_ x: Float8) -> Float8 {
        let t = magnitude(x)
        let z = x * x
        var p = Float8(repeating: -0.005_648_317_3)
        p = p * z + 0.020_589_827
        p = p * z + -0.053_725_127
        p = p * z + 0.133_312_75
        p = p * z + -0.333_332_75
        let small = p * z * t + t
        let large = 1 - 2 / (expCore(minimum(Float8(repeating: 20), t + t)) + 1)
        let y = flipSign(whereLess(t, Float8(repeating: 0.625), small, large), by: x)
        return whereEqual(x, x, y, x)
    }

    /// The logistic function 1 / (1 + e⁻ˣ), within 4 ulp.
    @inline(__always)
    package static func sigmoid(_ x: Float8) -> Float8 { 1 / (1 + exp(-x)) }

    /// The error function, within 3 ulp.
    @inline(__always)
    package static func erf(_ x: Float8) -> Float8 {
        let t = minimum(magnitude(x), Float8(repeating: 4))
        let z = t * t
        var p = Float8(repeating: -0.000_596_580_1)
        p = p * z + 0.004_988_307
        p = p * z + -0.026_763_33
        p = p * z + 0.112_817_265
        p = p * z + -0.376_124_86
        p = p * z + 0.128_379_15
        let small = p * t + t
        var q = Float8(repeating: -1.123_14e-05)
        q = q * t + 0.000_322_804_82
        q = q * t + -0.003_642_463
        q = q * t + 0.023_762_072
        q = q * t + -0.106_236_89
        q = q * t + -0.635_151_3
        q = q * t + -0.128_648_49
        let large = 1 - expCore(q * t - t)
        let y = flipSign(whereLess(t, Float8(repeating: 0.92), small, large), by: x)
        return whereEqual(x, x, y, x)
    }
}
