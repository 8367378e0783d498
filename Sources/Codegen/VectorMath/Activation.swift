/// An activation function and its derivative, by Keras's names.
package enum Activation: String, Hashable, Sendable, CaseIterable {
    case linear, relu, gelu, geluTanh, tanh, sigmoid, silu, softplus, exponential

    /// The derivative needs the function's argument (as for gelu), or only its result.
    package var derivativeNeedsArgument: Bool {
        switch self {
        case .gelu, .geluTanh, .silu: true
        case .linear, .relu, .tanh, .sigmoid, .softplus, .exponential: false
        }
    }

    package func apply(_ x: Value) -> Value {
        switch self {
        case .linear: return x
        case .relu: return x.like(0).maximum(x)  // keeps NaN
        case .gelu:
            // Absolute error 1.5e-6; exactly x or 0 beyond ±5.
            let half = x * 0.5
            let inner = half.multiplied(by: VectorMath.normalErrorFunction(x), adding: half)
            return (x.absolute() .> 5.0).select(x.like(0).maximum(x), inner)
        case .geluTanh:
            // ½(1 + tanh z) = sigmoid 2z
            return x * VectorMath.sigmoid(x * geluTanhSlope(x))
        case .tanh: return VectorMath.tanh(x)
        case .sigmoid: return VectorMath.sigmoid(x)
        case .silu: return x * VectorMath.sigmoid(x)
        case .softplus: return VectorMath.softplus(x)
        case .exponential: return VectorMath.exp(x)
        }
    }

    /// The derivative at `x` where `derivativeNeedsArgument`, else where the function's value is
    /// `x`.
    package func derivative(_ x: Value) -> Value {
        switch self {
        case .linear: return x.like(1)
        case .relu: return (x .> 0.0).select(x.like(1), 0)
        case .gelu: return VectorMath.geluSlope(x)
        case .geluTanh:
            let gate = VectorMath.sigmoid(x * geluTanhSlope(x))
            let inner = (x * x).multiplied(by: 0.2140644488, adding: x.like(1.5957691216))
            return (gate * (1 - gate) * x).multiplied(by: inner, adding: gate)
        case .tanh: return 1 - x * x
        case .sigmoid: return x * (1 - x)
        case .silu:
            let gate = VectorMath.sigmoid(x)
            return gate * (1 - gate).multiplied(by: x, adding: 1)
        case .softplus: return 1 - VectorMath.exp(-x)
        case .exponential: return x
        }
    }

    /// 2·√(2/π)·(1 + 0.044715x²).
    private func geluTanhSlope(_ x: Value) -> Value {
        (x * x).multiplied(by: 0.0713548163, adding: x.like(1.5957691216))
    }
}
