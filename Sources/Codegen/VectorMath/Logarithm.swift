extension VectorMath {
    /// Natural logarithm. Largest error 0.9 ulp. Subnormals count; log 0 = −∞; negative arguments give NaN.
    ///
    /// x = 2ᵏ·m with m in [√½, √2), then Cephes' polynomial in m − 1.
    package static func log(_ x: Value) -> Value {
        let isSmall = x .< 1.17549435e-38
        let normal = isSmall.select(x * 8_388_608, x)
        let bits = normal.bitcast(.int32)
        let rootOfHalf = 0x3F35_04F3
        let k = (bits - rootOfHalf).arithmeticShiftRight(23)
        let f = (bits - (k << 23)).bitcast(.float32) - 1
        let exponent = k.convert(.signedToFloat, .float32) + isSmall.select(x.like(-23), 0)

        let square = f * f
        let tail =
            polynomial(
                f,
                [
                    7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1,
                    1.4249322787e-1, -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1,
                    3.3333331174e-1,
                ]) * f * square
        let low = exponent.multiplied(by: f.like(-2.12194440e-4), adding: tail)
        let corrected = square.multiplied(by: f.like(-0.5), adding: low)
        let result = exponent.multiplied(by: f.like(0.693359375), adding: f + corrected)

        let infinity = Double.infinity
        let finite = (x .< infinity).select(result, x)  // +∞ and NaN pass through
        let positive = (x .< 0.0).select(x.like(Double.nan), finite)
        return (x .== 0.0).select(x.like(-infinity), positive)
    }
}
