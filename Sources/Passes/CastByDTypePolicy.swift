import MartletIR

/// Which element types a program computes with (Keras's dtype policy).
public enum DTypePolicy: String, Hashable, Sendable, CaseIterable {
    /// Everything in float32.
    case float32
    /// Operands of matrix products rounded to bfloat16, products and sums float32. Weights,
    /// activations, attention's softmax and optimizer state stay float32. No loss scaling is
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
/// Products within `attention` stay as they are, as do products of other types than f32. Must run
/// last: gradients and fused ops are products of their own by then.
public struct CastByDTypePolicy: Pass {
    public var policy: DTypePolicy

    public init(_ policy: DTypePolicy) { self.policy = policy }

    public var name: String { "cast-by-dtype-policy" }

    public func run(_ graph: Graph) throws -> Graph {
        guard policy == .mixedBFloat16 else { return graph }
        return try GraphRewriter.rewrite(graph) { node, rewriter in
            guard case .dotGeneral(var dot) = node.op, node.types[0].dtype == .f32 else {
                return nil
            }
            dot.operandPrecision = .bf16
            return try rewriter.builder.append(.dotGeneral(dot), node.operands)
        }
    }
}
