import MartletIR

/// Recognises the Gaussian error linear unit, exact or approximate, in any order of its factors.
///
/// Before: `x · 0.5 · (1 + erf(x · √½))` After: `gelu(%x) {approximate = false}`
///
/// Before: `x · 0.5 · (1 + tanh(√(2/π) · (x + 0.044715 · x³)))`, or with
/// `x · (1 + 0.044715 · x²)` inside. After: `gelu(%x) {approximate = true}`
///
/// Must run before `fuse-bias-activation` and `differentiate`.
public struct FuseGelu: Pass {
    public init() {}

    public var name: String { "fuse-gelu" }

    public func run(_ graph: Graph) throws -> Graph {
        try GraphRewriter.rewrite(graph) { node, rewriter in
            guard case .binary(let binary) = node.op, binary.kind == .multiply,
                node.types[0].dtype.isFloat, let (op, x) = gelu(node, rewriter)
            else { return nil }
            return try rewriter.builder.append(.gelu(op), [x])
        }
    }

    private func gelu(_ node: Node, _ r: GraphRewriter) -> (Gelu, Value)? {
        let left = r.factors(node.operands[0])
        let right = r.factors(node.operands[1])
        let values = left.values + right.values
        guard values.count == 2, isNear(left.splat * right.splat, 0.5) else { return nil }
        for (x, gate) in [(values[0], values[1]), (values[1], values[0])] {
            guard let (sigmoidal, one) = r.withSplat(.add, gate), one == 1 else { continue }
            if let inner = r.unary(.erf, sigmoidal) {
                let (arguments, factor) = r.factors(inner)
                if arguments == [x], isNear(factor, 0.5.squareRoot()) { return (Gelu(), x) }
            }
            if let inner = r.unary(.tanh, sigmoidal), isCubic(inner, of: x, r) {
                return (Gelu(isApproximate: true), x)
            }
        }
        return nil
    }

    /// Whether a value is `√(2/π) · (x + 0.044715 · x³)`.
    private func isCubic(_ value: Value, of x: Value, _ r: GraphRewriter) -> Bool {
        let (arguments, factor) = r.factors(value)
        guard isNear(factor, (2 / Double.pi).squareRoot()) else { return false }
        if arguments.count == 1, let (first, second) = r.binary(.add, arguments[0]) {
            return [(first, second), (second, first)].contains { linear, cubic in
                let (cube, weight) = r.factors(cubic)
                return linear == x && isNear(weight, 0.044715) && isPower(3, cube, of: x, r)
            }
        }
        guard arguments.count == 2 else { return false }
        return [(arguments[0], arguments[1]), (arguments[1], arguments[0])].contains { own, rest in
            guard own == x, let (quadratic, one) = r.withSplat(.add, rest) else { return false }
            let (square, weight) = r.factors(quadratic)
            return one == 1 && isNear(weight, 0.044715) && isPower(2, square, of: x, r)
        }
    }

    /// Whether the product of some factors is a power of x.
    private func isPower(
        _ exponent: Int, _ factors: [Value], of x: Value, _ r: GraphRewriter
    ) -> Bool {
        var count = 0
        for factor in factors {
            if factor == x {
                count += 1
            } else if let (base, power) = r.binary(.power, factor), base == x,
                let power = r.splat(power), let whole = Int(exactly: power)
            {
                count += whole
            } else if let (first, second) = r.binary(.multiply, factor), first == x, second == x {
                // A square that others read too.
                count += 2
            } else {
                return false
            }
        }
        return count == exponent
    }

    private func isNear(_ number: Double, _ expected: Double) -> Bool {
        abs(number - expected) <= 1e-6 * expected
    }
}
