extension VectorMath {
    /// 2ᶠ for |f| ≤ ½.
    private static func fractionalExp2(_ fraction: Value) -> Value {
        polynomial(
            fraction,
            [
                0.0001534581216, 0.001339993118, 0.009618488956, 0.05550328777, 0.2402264689,
                0.6931472057, 1,
            ])
    }

    /// 2ˣ. Largest error 1.0 ulp; overflows to infinity, underflows through the subnormals to 0.
    package static func exp2(_ x: Value) -> Value {
        let bounded = x.clamped(-151, 129)
        let rounded = roundToInteger(bounded)
        return scale(fractionalExp2(bounded - rounded.float), byPowerOfTwo: rounded.integer)
    }

    /// 2ˣ for x < 127.5, with 0 for x < −126.5: what softmax needs, where x ≤ 0. Largest error
    /// 1.0 ulp where the result is a normal number.
    package static func exp2Flushing(_ x: Value) -> Value {
        // The shift's low bits hold the exponent's bias already; −127 makes the exponent field, and
        // with it the result, zero.
        let shift = roundingShift + 127
        let bounded = x.like(-127).maximum(x)
        let shifted = bounded + shift
        let power = (shifted.bitcast(.int32) << 23).bitcast(.float32)
        return fractionalExp2(bounded - (shifted - shift)) * power
    }

    /// eˣ. Largest error 1.1 ulp; overflows to infinity, underflows through the subnormals to 0.
    package static func exp(_ x: Value) -> Value {
        let bounded = x.clamped(-104, 89)
        let rounded = roundToInteger(bounded * 1.4426950408889634)
        // x − n·ln 2, with ln 2 in two parts so that the first product is exact.
        let high = rounded.float.multiplied(by: rounded.float.like(-0.693359375), adding: bounded)
        let r = rounded.float.multiplied(by: rounded.float.like(2.12194440e-4), adding: high)
        let tail = polynomial(
            r,
            [
                1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2,
                1.6666665459e-1, 5.0000001201e-1,
            ])
        let sum = tail.multiplied(by: r * r, adding: r) + 1
        return scale(sum, byPowerOfTwo: rounded.integer)
    }

    /// 1 / (1 + e⁻ˣ). Largest error 2.4 ulp. For negative x it is eˣ / (1 + eˣ), so that the
    /// exponential never overflows.
    package static func sigmoid(_ x: Value) -> Value {
        let small = exp(-x.absolute())
        return (x .< 0.0).select(small, 1) / (small + 1)
    }

    /// ln(1 + eˣ) = max(x, 0) + ln(1 + e⁻|ˣ|), which cannot overflow.
    package static func softplus(_ x: Value) -> Value {
        x.like(0).maximum(x) + log(exp(-x.absolute()) + 1)
    }
}
