import MartletIR

/// Which element types a program computes with (Keras's dtype policy).
public enum DTypePolicy: String, Hashable, Sendable, CaseIterable {
    /// Everything in float32.
    case float32
    /// Operands of matrix products, attention's among them, rounded to bfloat16; products and sums
    /// float32. Weights, activations, softmax and optimizer state stay float32. No loss scaling is
    /// needed: bfloat16 has float32's range.
    ///
    /// Keras's `mixed_bfloat16` also stores activations in bfloat16; this keeps more.
    case mixedBFloat16 = "mixed_bfloat16"
}

/// Lets matrix products round their operands as the policy says.
///
/// Before: `dot_general(%x, %w) {…}`
/// After, for `mixed_bfloat16`: `dot_general(%x, %w) {…, operand_precision = bf16}`
///
/// `attention`, `packed_attention` and their gradients likewise. Products of other types than f32
/// stay as they are. Must run last: gradients and fused ops are products of their own by then.
public struct CastByDTypePolicy: Pass {
    public var policy: DTypePolicy

    public init(_ policy: DTypePolicy) { self.policy = policy }

    public var name: String { "cast-by-dtype-policy" }

    public func run(_ graph: Graph) throws -> Graph {
        guard policy == .mixedBFloat16 else { return graph }
        return try GraphRewriter.rewrite(graph) { node, rewriter in
            guard node.types.first?.dtype == .f32, let op = rounded(node.op) else { return nil }
            return try rewriter.builder.append(op, node.operands)
        }
    }

    /// Nil for an op without matrix products.
    private func rounded(_ op: Op) -> Op? {
        switch op {
        case .dotGeneral(var dot):
            dot.operandPrecision = .bf16
            return .dotGeneral(dot)
        case .attention(var attention):
            attention.operandPrecision = .bf16
            return .attention(attention)
        case .attentionGradient(var gradient):
            gradient.forward.operandPrecision = .bf16
            return .attentionGradient(gradient)
        case .packedAttention(var packed):
            packed.attention.operandPrecision = .bf16
            return .packedAttention(packed)
        case .packedAttentionGradient(var gradient):
            gradient.forward.attention.operandPrecision = .bf16
            return .packedAttentionGradient(gradient)
        default: return nil
        }
    }
}
