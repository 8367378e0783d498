import MartletIR

/// How gradients are kept from growing large. (One of Keras's three; it allows no two at once.)
public enum GradientClipping: Hashable, Sendable {
    /// Each parameter's gradient is scaled down to this L2 norm (Keras's `clipnorm`).
    case norm(Double)
    /// Each element is limited to `-value ... value` (`clipvalue`).
    case value(Double)
    /// All gradients are scaled down together to this L2 norm (`global_clipnorm`).
    case globalNorm(Double, convention: Convention = .keras)

    public enum Convention: Hashable, Sendable {
        /// `g · limit · min(1 / norm, 1 / limit)`
        case keras
        /// `g · min(1, limit / (norm + 1e-6))`, as `clip_grad_norm_`
        case pyTorch
    }

    func validate() throws {
        let limit =
            switch self {
            case .norm(let limit), .value(let limit), .globalNorm(let limit, _): limit
            }
        guard limit > 0 && limit.isFinite else {
            throw OptimizerError(
                "gradient clipping", "the limit is \(limit), expected a positive number")
        }
    }

    /// The clipped gradients, in order.
    func emit(_ gradients: [Value], in b: GraphBuilder) throws -> [ClippedGradient] {
        switch self {
        case .value(let limit):
            return try gradients.map {
                let type = b.type(of: $0)
                return try ClippedGradient(
                    value: b.maximum(
                        b.minimum($0, b.splat(limit, type)), b.splat(-limit, type)))
            }
        case .norm(let limit):
            return try gradients.map {
                let norm = try b.unary(.sqrt, squaredNorm($0, b))
                let bound = try b.constant(limit, b.type(of: norm).dtype)
                return try ClippedGradient(
                    value: $0, scale: b.divide(bound, b.maximum(norm, bound)))
            }
        case .globalNorm(let limit, let convention):
            guard let first = gradients.first else { return [] }
            var sum = try squaredNorm(first, b)
            for gradient in gradients.dropFirst() {
                sum = try b.add(sum, squaredNorm(gradient, b))
            }
            let scale = try scale(b.unary(.sqrt, sum), limit, convention, b)
            return gradients.map { ClippedGradient(value: $0, scale: scale) }
        }
    }

    private func scale(
        _ norm: Value, _ limit: Double, _ convention: Convention, _ b: GraphBuilder
    ) throws -> Value {
        let dtype = b.type(of: norm).dtype
        let one = try b.constant(1, dtype)
        let bound = try b.constant(limit, dtype)
        switch convention {
        case .keras:
            let inverse = try b.minimum(b.divide(one, norm), b.divide(one, bound))
            // An infinite norm must not turn into a scale of 0: the difference makes it NaN.
            return try b.add(b.multiply(bound, inverse), b.subtract(norm, norm))
        case .pyTorch: return try b.minimum(one, b.divide(bound, b.add(norm, 1e-6)))
        }
    }

    private func squaredNorm(_ gradient: Value, _ b: GraphBuilder) throws -> Value {
        let axes = Array(0..<b.type(of: gradient).rank)
        return try b.reduce(.sum, b.multiply(gradient, gradient), axes: axes)
    }
}

/// A gradient within its limit once it is multiplied by the scale, a scalar; nil for 1. Updates
/// multiply while they read it, so that no scaled gradient need exist.
struct ClippedGradient {
    var value: Value
    var scale: Value?
}
