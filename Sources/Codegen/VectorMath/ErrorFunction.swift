extension VectorMath {
    /// erf x, by two minimax polynomials: x·p(x²) near 0, 1 − exp(q(|x|)) beyond 0.928.
    /// Largest error 1.1 ulp.
    package static func erf(_ x: Value) -> Value {
        let size = x.absolute()
        let near = polynomial(
            x * x,
            [
                -5.96761703e-4, 4.99119423e-3, -2.67681349e-2, 1.12819925e-1, -3.76125336e-1,
                1.28379166e-1,
            ]
        ).multiplied(by: x, adding: x)
        let exponent = polynomial(
            size,
            [
                -1.72853470e-5, 3.83197126e-4, -3.88396438e-3, 2.42546219e-2, -1.06777877e-1,
                -6.34846687e-1, -1.28717512e-1,
            ]
        ).multiplied(by: size, adding: -size)
        let far = withSign(of: x, 1 - exp(exponent))
        return (size .> 0.927734375).select(far, near)
    }

    /// erf(x/√2) for the normal distribution, for |x| ≤ 5, without exp or division: x is
    /// clamped to ±5, then x·p(2x²/25 − 1).
    static func normalErrorFunction(_ x: Value) -> Value {
        let bounded = x.clamped(-5, 5)
        let u = (bounded * bounded).multiplied(by: 0.08, adding: x.like(-1))
        return bounded
            * polynomial(
                u,
                [
                    0.00116771089, -0.00320194101, 0.0035825575, -0.00543263582, 0.0126807497,
                    -0.0222733277, 0.0328699221, -0.0465588374, 0.0628706543, -0.080881849,
                    0.103042074, -0.140592706, 0.282727563,
                ])
    }

    /// The slope of gelu, Φ(x) + x·φ(x), without exp: ½ + x·p(2x²/30.25 − 1), with x clamped to
    /// ±5.5, beyond which the slope is 0 or 1. Absolute error 6e-7.
    static func geluSlope(_ x: Value) -> Value {
        let bounded = x.clamped(-5.5, 5.5)
        let u = (bounded * bounded).multiplied(by: 2 / 30.25, adding: x.like(-1))
        return polynomial(
            u,
            [
                -0.00490986556, 0.0121202562, -0.00642490899, 0.00410068035, -0.0278236214,
                0.049566485, -0.0530861281, 0.0606564023, -0.0729194805, 0.0753351897,
                -0.0688571557, 0.060187228, -0.0537258238, 0.053670872, -0.0657401383,
                0.128759176,
            ]
        ).multiplied(by: bounded, adding: x.like(0.5))
    }
}
