/// Attention over sequences packed by `pack_indices`, each row of the batch by itself:
///
///     output = pack(attention(unpack(q), unpack(k), unpack(v), mask))
///
/// Operands: k `[tokens, heads, size]`, v `[tokens, heads, valueSize]` and q packed likewise, or
/// `[batch, queries, heads, size]` unless `packsQueries`; the mask bool`[batch, sequence]` of keys
/// that the rows were packed by; indices and offsets of `pack_indices`; seed and step for dropout.
/// Results: output, packed as q is, and `lse = log Σ exp(logits)`: `[heads, tokens]` where queries
/// are packed, else `[batch, heads, queries]`.
///
/// A kernel looks at the keys of a row only and stores no scores. Positions that were not packed
/// have no weight: their keys are masked, and a row that masks all is packed whole.
public struct PackedAttention: CompositeOperation {
    /// What each row does; with a mask, neither causal nor returning scores.
    public var attention: Attention
    /// Whether there is a query for each packed position.
    public var packsQueries: Bool

    public init(_ attention: Attention, packsQueries: Bool) {
        self.attention = attention
        self.packsQueries = packsQueries
        self.attention.hasMask = true
        self.attention.isCausal = false
        self.attention.returnsScores = false
    }

    public init(reading attributes: inout AttributeReader) throws {
        let packsQueries = try attributes.boolean("packs_queries")
        self.init(try Attention(reading: &attributes), packsQueries: packsQueries)
    }

    public var name: String { "packed_attention" }
    public var attributes: [Attribute] {
        [Attribute("packs_queries", .boolean(packsQueries))]
            + attention.attributes.filter { !["scores", "mask", "causal"].contains($0.name) }
    }

    package struct Layout<Element> {
        package var query, key, value, mask, indices, offsets: Element
        package var seed, step: Element?
    }

    package func layout<Element>(_ operands: [Element]) -> Layout<Element> {
        let drops = attention.rate > 0
        return Layout(
            query: operands[0], key: operands[1], value: operands[2], mask: operands[3],
            indices: operands[4], offsets: operands[5], seed: drops ? operands[6] : nil,
            step: drops ? operands[7] : nil)
    }

    package var operandCount: Int { attention.rate > 0 ? 8 : 6 }

    public func resultTypes(_ operands: [TensorType]) throws -> [TensorType] {
        try TypeMismatch.requireCount(operands, operandCount)
        let operand = layout(operands)
        let (q, k, v, mask) = (operand.query, operand.key, operand.value, operand.mask)
        try TypeMismatch.require(
            mask.dtype == .bool && mask.rank == 2,
            "mask: expected bool[batch, sequence], received \(mask)")
        try PackTokens.requireIndices(operand.indices)
        let (batch, tokens) = (mask.shape[0], operand.indices.shape[0])
        try TypeMismatch.requireSame(
            "offsets", TensorType(.i32, [batch + 1]), operand.offsets)
        for (label, type) in [("key", k), ("value", v)] + (packsQueries ? [("query", q)] : []) {
            try TypeMismatch.require(
                type.rank == 3 && type.shape[0] == tokens,
                "\(label): expected [\(tokens), heads, size], received \(type)")
        }
        // The rest is what attention asks of the unpacked tensors.
        func unpacked(_ type: TensorType) -> TensorType {
            type.with(shape: Shape(mask.shape.dimensions + type.shape.dimensions.dropFirst()))
        }
        let results = try attention.resultTypes(
            [
                packsQueries ? unpacked(q) : q, unpacked(k), unpacked(v),
                mask.with(shape: [batch, 1, 1, mask.shape[1]]),
            ] + operands.dropFirst(6))
        guard packsQueries else { return results }
        return [
            v.with(shape: [tokens, v.shape[1], v.shape[2]]),
            q.with(shape: [q.shape[1], tokens]),
        ]
    }

    public var gradient: GradientRule {
        .rule { context in
            guard context.cotangents[1] == nil else { return nil }
            let saved =
                Array(context.operands.prefix(3)) + [context.results[0], context.results[1]]
            let gradients = try context.builder.append(
                .packedAttentionGradient(PackedAttentionGradient(self)),
                [context.cotangent()] + saved + context.operands.dropFirst(3))
            return gradients + [Value?](repeating: nil, count: operandCount - 3)
        }
    }

    public func decompose(_ operands: [Value], in b: GraphBuilder) throws -> [Value] {
        let packing = Packing(self, layout(operands), b)
        let results = try b.append(
            .attention(attention),
            packing.unpackedOperands(Array(operands.prefix(3))) + operands.dropFirst(6))
        guard packsQueries else { return [results[0], results[1]] }
        return [try packing.pack(results[0]), try packing.packedLogSums(results[1])]
    }

    /// From packed tensors to padded ones and back.
    fileprivate struct Packing {
        let op: PackedAttention
        let operand: Layout<Value>
        let b: GraphBuilder

        init(_ op: PackedAttention, _ operand: Layout<Value>, _ b: GraphBuilder) {
            (self.op, self.operand, self.b) = (op, operand, b)
        }

        private var shape: Shape { b.type(of: operand.mask).shape }

        func pack(_ value: Value) throws -> Value {
            try b.append(.packTokens(PackTokens()), value, operand.indices)
        }

        func unpack(_ value: Value) throws -> Value {
            try b.append(.unpackTokens(UnpackTokens(shape)), value, operand.indices)
        }

        func unpackQueries(_ value: Value) throws -> Value {
            op.packsQueries ? try unpack(value) : value
        }

        /// q, k, v and the mask as attention takes them.
        func unpackedOperands(_ tensors: [Value]) throws -> [Value] {
            let mask = try b.reshape(operand.mask, [shape[0], 1, 1, shape[1]])
            return [
                try unpackQueries(tensors[0]), try unpack(tensors[1]), try unpack(tensors[2]),
                mask,
            ]
        }

        /// `[heads, tokens]` from `[batch, heads, sequence]`.
        func packedLogSums(_ lse: Value) throws -> Value {
            try b.transpose(pack(b.transpose(lse, [0, 2, 1])), [1, 0])
        }

        func unpackedLogSums(_ lse: Value) throws -> Value {
            guard op.packsQueries else { return lse }
            return try b.transpose(unpack(b.transpose(lse, [1, 0])), [0, 2, 1])
        }
    }
}

/// The gradient of `PackedAttention`: that of attention, row by row.
///
/// Operands: doutput, q, k, v, output, lse, then mask, indices, offsets, seed and step as in the
/// forward op. Results: dq, dk, dv, packed as q, k and v are.
public struct PackedAttentionGradient: CompositeOperation {
    public var forward: PackedAttention

    public init(_ forward: PackedAttention) { self.forward = forward }

    public init(reading attributes: inout AttributeReader) throws {
        self.init(try PackedAttention(reading: &attributes))
    }

    public var name: String { "packed_attention_gradient" }
    public var attributes: [Attribute] { forward.attributes }

    package struct Layout<Element> {
        package var doutput: Element
        package var forward: PackedAttention.Layout<Element>
        package var output, lse: Element
    }

    package func layout<Element>(_ operands: [Element]) -> Layout<Element> {
        Layout(
            doutput: operands[0], forward: forward.layout(forwardOperands(operands)),
            output: operands[4], lse: operands[5])
    }

    private func forwardOperands<Element>(_ operands: [Element]) -> [Element] {
        Array(operands[1...3]) + operands.dropFirst(6)
    }

    public func resultTypes(_ operands: [TensorType]) throws -> [TensorType] {
        try TypeMismatch.requireCount(operands, forward.operandCount + 3)
        let results = try forward.resultTypes(forwardOperands(operands))
        try TypeMismatch.requireSame("cotangent", results[0], operands[0])
        try TypeMismatch.requireSame("output", results[0], operands[4])
        try TypeMismatch.requireSame("lse", results[1], operands[5])
        return Array(operands[1...3])
    }

    public func decompose(_ operands: [Value], in b: GraphBuilder) throws -> [Value] {
        let operand = layout(operands)
        let packing = PackedAttention.Packing(forward, operand.forward, b)
        let tensors = try packing.unpackedOperands(Array(operands[1...3]))
        let gradients = try b.append(
            .attentionGradient(AttentionGradient(forward.attention)),
            [packing.unpackQueries(operand.doutput)] + tensors.prefix(3)
                + [packing.unpackQueries(operand.output), packing.unpackedLogSums(operand.lse)]
                + tensors.suffix(1) + operands.dropFirst(9))
        return [
            forward.packsQueries ? try packing.pack(gradients[0]) : gradients[0],
            try packing.pack(gradients[1]), try packing.pack(gradients[2]),
        ]
    }
}
