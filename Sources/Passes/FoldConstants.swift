import MartletIR

/// Computes what depends on constants only, by the reference kernels.
///
/// A node whose operands are all constants (or splats) becomes a constant if it is small, or one
/// scalar broadcast if it is elementwise over splats.
/// Before: `%2 = multiply(splat 2, splat 3)`  After: `%2 = splat 6`.
public struct FoldConstants: Pass {
    /// Results with more elements are left to run time.
    public var elementLimit: Int

    public init(elementLimit: Int = 4096) { self.elementLimit = elementLimit }

    public var name: String { "fold-constants" }

    public func run(_ graph: Graph) throws -> Graph {
        try GraphRewriter.rewrite(graph) { node, rewriter in
            try folded(node, rewriter).map { [$0] }
        }
    }

    private func folded(_ node: Node, _ r: GraphRewriter) throws -> Value? {
        guard node.types.count == 1, !node.operands.isEmpty,
            let primitive = node.op.operation as? any PrimitiveOperation
        else { return nil }
        switch node.op {
        // A broadcast of a scalar constant is how a splat is written.
        case .broadcastInDim where r.splat(node.operands[0]) != nil: return nil
        case .unary, .binary, .compare, .select, .convert:
            if let splat = try foldedSplat(primitive, node, r) { return splat }
        default: break
        }
        return try foldedConstant(primitive, node, r)
    }

    /// An elementwise op over splats is a splat.
    private func foldedSplat(
        _ primitive: any PrimitiveOperation, _ node: Node, _ r: GraphRewriter
    ) throws -> Value? {
        var operands: [ReferenceTensor] = []
        for operand in node.operands {
            guard let splat = r.splat(operand) else { return nil }
            operands.append(
                ReferenceTensor(r.type(operand).dtype, shape: [], elements: [splat]))
        }
        let type = node.types[0]
        let scalar = try primitive.evaluate(
            operands, resultTypes: [type.with(shape: .scalar)], extents: SymbolExtents())[0]
        return try r.builder.splat(scalar.roundedElements[0], type)
    }

    private func foldedConstant(
        _ primitive: any PrimitiveOperation, _ node: Node, _ r: GraphRewriter
    ) throws -> Value? {
        guard let extents = node.types[0].shape.fixed, extents.reduce(1, *) <= elementLimit else {
            return nil
        }
        var operands: [ReferenceTensor] = []
        for operand in node.operands {
            guard case .constant(let constant) = r.op(operand) else { return nil }
            let literal = constant.literal
            let count = literal.shape.reduce(1, *)
            operands.append(
                ReferenceTensor(
                    literal.dtype, shape: literal.shape,
                    elements: literal.elements.count == count
                        ? literal.elements
                        : [Double](repeating: literal.elements[0], count: count)))
        }
        let result = try primitive.evaluate(
            operands, resultTypes: node.types, extents: SymbolExtents())[0]
        return try r.builder.constant(
            Literal(result.dtype, shape: result.shape, elements: result.roundedElements))
    }
}
