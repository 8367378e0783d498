extension VectorMath {
    /// tanh x: a polynomial below 0.625, 1 − 2/(e²ˣ + 1) above. Largest error 1.4 ulp.
    package static func tanh(_ x: Value) -> Value {
        let size = x.absolute()
        let square = x * x
        let near = polynomial(
            square,
            [
                -5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1,
                -3.33332819422e-1,
            ])
        let small = (near * square).multiplied(by: x, adding: x)
        let large = 1 - 2 / (exp(size + size) + 1)
        return (size .< 0.625).select(small, withSign(of: x, large))
    }

    /// `magnitude` (≥ 0) with the sign of `x`.
    static func withSign(of x: Value, _ magnitude: Value) -> Value {
        let sign = x.bitcast(.int32) & 0x8000_0000
        return (magnitude.bitcast(.int32) | sign).bitcast(.float32)
    }
}
