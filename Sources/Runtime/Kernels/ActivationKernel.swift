import MartletIR

/// Bias and activation over rows, forward and backward.
package enum ActivationKernel {
    package typealias Activation = BiasActivation.Activation

    /// `y = activation(x + bias)`, bias [columns] or nil; `y` may be `x`.
    package static func forward(
        _ activation: Activation, x: UnsafePointer<Float>, bias: UnsafePointer<Float>?,
        y: UnsafeMutablePointer<Float>, rows: Int, columns: Int
    ) {
        switch activation {
        case .identity: map(x, bias, y, rows, columns) { $0 }
        case .relu: map(x, bias, y, rows, columns, relu)
        case .tanh: map(x, bias, y, rows, columns, VectorMath.tanh)
        case .logistic: map(x, bias, y, rows, columns, VectorMath.sigmoid)
        case .silu: map(x, bias, y, rows, columns) { $0 * VectorMath.sigmoid($0) }
        case .gelu: map(x, bias, y, rows, columns, gelu)
        case .geluApproximate: map(x, bias, y, rows, columns, geluApproximate)
        }
    }

    /// `dx = dy · activation′`, the slope taken from the result y for identity, relu, tanh and
    /// logistic, from x (and the same bias) for silu and the gelus. `dx` may be `dy`.
    package static func backward(
        _ activation: Activation, dy: UnsafePointer<Float>, saved: UnsafePointer<Float>,
        bias: UnsafePointer<Float>?, dx: UnsafeMutablePointer<Float>, rows: Int, columns: Int
    ) {
        let count = max(rows, 0) * columns
        switch activation {
        case .identity: mapRange(dy, dx, count) { $0 }
        case .relu:
            mapRange(dy, saved, dx, count) { whereLess(.zero, $1, $0, .zero) }
        case .tanh: mapRange(dy, saved, dx, count) { $0 * (1 - $1 * $1) }
        case .logistic: mapRange(dy, saved, dx, count) { $0 * ($1 * (1 - $1)) }
        case .silu: differentiate(dy, saved, bias, dx, rows, columns, siluSlope)
        case .gelu: differentiate(dy, saved, bias, dx, rows, columns, geluSlope)
        case .geluApproximate:
            differentiate(dy, saved, bias, dx, rows, columns, geluApproximateSlope)
        }
    }

    /// max(x, 0); not-a-number stays.
    @inline(__always)
    static func relu(_ x: Float8) -> Float8 { whereLess(x, .zero, .zero, x) }

    @inline(__always)
    static func siluSlope(_ x: Float8) -> Float8 {
        let s = VectorMath.sigmoid(x)
        return s + x * s * (1 - s)
    }

    /// x Φ(x) (Hendrycks and Gimpel, 2016), Φ from the error function.
    @inline(__always)
    static func gelu(_ x: Float8) -> Float8 {
        x * 0.5 * (VectorMath.erf(x * 0.707_106_77) + 1)
    }

    @inline(__always)
    static func geluSlope(_ x: Float8) -> Float8 {
        let cumulative = (VectorMath.erf(x * 0.707_106_77) + 1) * 0.5
        // Bounded, so that 0 · ∞ does not arise where the density has long vanished.
        let bounded = minimum(Float8(repeating: 1e4), maximum(Float8(repeating: -1e4), x))
        let density = VectorMath.expOfNonPositive(bounded * bounded * -0.5) * 0.398_942_28
        return cumulative + bounded * density
    }

    /// √(2/π) · (x + 0.044715 x³).
    @inline(__always)
    static func geluInner(_ x: Float8) -> Float8 {
        x * (x * x * 0.044_715 + 1) * 0.797_884_56
    }

    @inline(__always)
    static func geluApproximate(_ x: Float8) -> Float8 {
        x * 0.5 * (VectorMath.tanh(geluInner(x)) + 1)
    }

    @inline(__always)
    static func geluApproximateSlope(_ x: Float8) -> Float8 {
        let bounded = minimum(Float8(repeating: 1e4), maximum(Float8(repeating: -1e4), x))
        let t = VectorMath.tanh(geluInner(bounded))
        let innerSlope = (bounded * bounded * 0.134_145 + 1) * 0.797_884_56
        return ((t + 1) + bounded * (1 - t * t) * innerSlope) * 0.5
    }

    @inline(__always)
    private static func map(
        _ x: UnsafePointer<Float>, _ bias: UnsafePointer<Float>?, _ y: UnsafeMutablePointer<Float>,
        _ rows: Int, _ columns: Int, _ f: (Float8) -> Float8
    ) {
        guard let bias else {
            mapRange(x, y, max(rows, 0) * columns, f)
            return
        }
        for row in 0..<max(rows, 0) {
            mapRange(x + row * columns, bias, y + row * columns, columns) { f($0 + $1) }
        }
    }

    @inline(__always)
    private static func differentiate(
        _ dy: UnsafePointer<Float>, _ x: UnsafePointer<Float>, _ bias: UnsafePointer<Float>?,
        _ dx: UnsafeMutablePointer<Float>, _ rows: Int, _ columns: Int,
        _ slope: (Float8) -> Float8
    ) {
        guard let bias else {
            mapRange(dy, x, dx, max(rows, 0) * columns) { $0 * slope($1) }
            return
        }
        for row in 0..<max(rows, 0) {
            let start = row * columns
            mapRange(dy + start, x + start, bias, dx + start, columns) { $0 * slope($1 + $2) }
        }
    }
}
