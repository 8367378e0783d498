import MartletIR

/// Recognises layer normalization over the last axis, then draws scale and offset into it.
///
/// Before: `centred = x - mean(x)`, `y = centred · rsqrt(mean(centred²) + epsilon)`, or a
/// division by the square root, or `mean(x²) - mean(x)²` as the variance
/// After: `%y = layer_norm(%x) {epsilon = …, scale = false, offset = false}`
///
/// Before: `layer_norm(%x) · scale`, then `… + offset` (repeated along the rows)
/// After: `layer_norm(%x, %scale, %offset)`
///
/// The width must be fixed. Must run before `fuse-residual-layer-norm` and `differentiate`.
public struct FuseLayerNorm: Pass {
    public init() {}

    public var name: String { "fuse-layer-norm" }

    public func run(_ graph: Graph) throws -> Graph {
        try GraphRewriter.rewrite(graph) { node, rewriter in
            guard case .binary(let binary) = node.op, node.types[0].dtype.isFloat,
                node.types[0].rank > 0
            else { return nil }
            return try bare(binary.kind, node, rewriter)
                ?? withParameter(binary.kind, node, rewriter)
        }
    }

    // MARK: Normalization

    private func bare(
        _ kind: Binary.Kind, _ node: Node, _ r: GraphRewriter
    ) throws -> [Value]? {
        let candidates =
            kind == .multiply
            ? [(node.operands[0], node.operands[1]), (node.operands[1], node.operands[0])]
            : kind == .divide ? [(node.operands[0], node.operands[1])] : []
        for (centred, divisor) in candidates {
            guard let (x, subtrahend) = r.binary(.subtract, centred),
                let mean = spread(subtrahend, r), mean == self.mean(mean, of: x, r),
                let scale = spread(divisor, r),
                let sum = r.unary(kind == .multiply ? .rsqrt : .sqrt, scale),
                let (variance, epsilon) = r.withSplat(.add, sum), epsilon >= 0,
                isVariance(variance, of: x, centred: centred, mean: mean, r)
            else { continue }
            let norm = LayerNorm(epsilon: epsilon, hasScale: false, hasOffset: false)
            return [try r.builder.append(.layerNorm(norm), [x])[0]]
        }
        return nil
    }

    /// What is repeated along the last axis to make a value.
    private func spread(_ value: Value, _ r: GraphRewriter) -> Value? {
        r.spread(value, along: [r.type(value).rank - 1])
    }

    /// The value itself if it is the mean of x over the last axis.
    private func mean(_ value: Value, of x: Value, _ r: GraphRewriter) -> Value? {
        averaged(value, r) == x ? value : nil
    }

    /// What a value is the mean of, over the last axis.
    private func averaged(_ value: Value, _ r: GraphRewriter) -> Value? {
        let sum: Value
        let count: Double
        if let (numerator, denominator) = r.binary(.divide, value),
            let divisor = r.splat(denominator)
        {
            (sum, count) = (numerator, divisor)
        } else if let (factor, splat) = r.withSplat(.multiply, value) {
            (sum, count) = (factor, 1 / splat)
        } else {
            return nil
        }
        let last = r.type(sum).rank
        guard let x = r.reduced(.sum, sum, along: [last]),
            let width = r.type(x).shape[last].fixed,
            abs(count - Double(width)) <= 1e-6 * Double(width)
        else { return nil }
        return x
    }

    /// `mean(centred²)` or `mean(x²) - mean(x)²`.
    private func isVariance(
        _ value: Value, of x: Value, centred: Value, mean: Value, _ r: GraphRewriter
    ) -> Bool {
        if let square = averaged(value, r) { return isSquare(square, of: centred, r) }
        guard let (first, second) = r.binary(.subtract, value),
            let square = averaged(first, r)
        else { return false }
        return isSquare(square, of: x, r) && isSquare(second, of: mean, r)
    }

    private func isSquare(_ value: Value, of x: Value, _ r: GraphRewriter) -> Bool {
        if let (first, second) = r.binary(.multiply, value) { return first == x && second == x }
        guard let (base, exponent) = r.binary(.power, value) else { return false }
        return base == x && r.splat(exponent) == 2
    }

    // MARK: Scale and offset

    private func withParameter(
        _ kind: Binary.Kind, _ node: Node, _ r: GraphRewriter
    ) throws -> [Value]? {
        guard kind == .multiply || kind == .add else { return nil }
        for (y, repeated) in [(0, 1), (1, 0)] {
            let normalized = node.operands[y]
            guard case .layerNorm(var norm) = r.op(normalized), normalized.result == 0,
                r.isPrivate(normalized), !norm.hasResidual, !norm.hasOffset,
                let parameter = r.trailingBroadcast(node.operands[repeated]),
                r.type(parameter).rank == 1
            else { continue }
            if kind == .multiply {
                guard !norm.hasScale else { continue }
                norm.hasScale = true
            } else {
                norm.hasOffset = true
            }
            let operands = r.operands(normalized) + [parameter]
            return [try r.builder.append(.layerNorm(norm), operands)[0]]
        }
        return nil
    }
}
