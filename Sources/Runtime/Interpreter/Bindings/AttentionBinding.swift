import MartletIR

/// Attention, one part for each batch and head.
enum AttentionBinding {
    static func forward(_ op: Attention, _ step: PlanStep, _ context: BindingContext) -> [Phase]? {
        guard let output = step.results[0] else { return nil }
        let operand = op.layout(step.operands)
        let heads = AttentionHeads(op, operand, context)
        guard heads.hasSupportedMask else { return nil }
        let out = context.floats(output)
        let lse = step.results[1].map { context.floats($0) }
        let scores = op.returnsScores ? step.results[2].map { context.floats($0) } : nil
        let shape = heads.shape
        let scratch = context.scratch
        scratch.reserveForWorker(byteCount: shape.forwardScratchByteCount)
        return [
            Phase(partCount: heads.count) { part, worker in
                AttentionKernel.forward(
                    shape, heads.operands(part), queries: 0..<shape.queries,
                    output: heads.rows(
                        out, part, extent: shape.queries, width: shape.valueDimension),
                    logSumExp: lse.map { $0 + part * shape.queries },
                    probabilities: scores.map {
                        MutableRows($0 + part * shape.queries * shape.keys, stride: shape.keys)
                    },
                    scratch: scratch.base(ofWorker: worker).assumingMemoryBound(to: Float.self))
            }
        ]
    }

    static func backward(
        _ op: AttentionGradient, _ step: PlanStep, _ context: BindingContext
    ) -> [Phase]? {
        guard let dq = step.results[0].map({ context.floats($0) }),
            let dk = step.results[1].map({ context.floats($0) }),
            let dv = step.results[2].map({ context.floats($0) })
        else { return nil }
        let operand = op.layout(step.operands)
        let heads = AttentionHeads(op.forward, operand.forward, context)
        guard heads.hasSupportedMask else { return nil }
        let (doutput, output) = (context.floats(operand.doutput), context.floats(operand.output))
        let lse = context.floats(operand.lse)
        let shape = heads.shape
        let scratch = context.scratch
        scratch.reserveForWorker(byteCount: shape.backwardScratchByteCount)
        return [
            Phase(partCount: heads.count) { part, worker in
                func rows(
                    _ base: UnsafeMutablePointer<Float>, _ extent: Int, _ width: Int
                ) -> MutableRows { heads.rows(base, part, extent: extent, width: width) }
                let (queries, keys) = (shape.queries, shape.keys)
                let (size, valueSize) = (shape.dimension, shape.valueDimension)
                AttentionKernel.backward(
                    shape, heads.operands(part),
                    AttentionGradients(
                        output: rows(output, queries, valueSize).readOnly,
                        logSumExp: lse + part * queries,
                        outputGradient: rows(doutput, queries, valueSize).readOnly,
                        queryGradient: rows(dq, queries, size),
                        keyGradient: rows(dk, keys, size),
                        valueGradient: rows(dv, keys, valueSize)),
                    scratch: scratch.base(ofWorker: worker).assumingMemoryBound(to: Float.self))
            }
        ]
    }
}

extension MutableRows {
    var readOnly: Rows { Rows(base, stride: stride) }
}

/// Where each head's rows and mask lie in `[batch, length, heads, size]` tensors.
private struct AttentionHeads {
    let shape: AttentionShape
    /// Batch times heads.
    let count: Int
    private let headCount: Int
    private let query, key, value: UnsafeMutablePointer<Float>
    private let mask: UnsafeMutablePointer<UInt8>?
    /// Bytes to step over in the mask for each batch, head and query; 0 where it is repeated.
    private let maskStrides: (batch: Int, head: Int, query: Int)
    private let isKeyMaskRepeated: Bool
    private let dropout: DropoutSource?

    init(_ op: Attention, _ operand: Attention.Layout<PlanValue>, _ context: BindingContext) {
        let q = context.shape(operand.query)
        let v = context.shape(operand.value)
        shape = AttentionShape(
            queries: q[1], keys: v[1], dimension: q[3], valueDimension: v[3],
            scale: Float(op.scale), isCausal: op.isCausal,
            fullyMaskedRows: op.maskedRows == .uniform ? .uniform : .zero)
        headCount = q[2]
        count = q[0] * q[2]
        query = context.floats(operand.query)
        key = context.floats(operand.key)
        value = context.floats(operand.value)
        mask = operand.mask.map { context.pointer($0) }
        let extents = operand.mask.map { context.shape($0) } ?? [1, 1, 1, 1]
        maskStrides = (
            extents[0] > 1 ? extents[1] * extents[2] * extents[3] : 0,
            extents[1] > 1 ? extents[2] * extents[3] : 0,
            extents[2] > 1 ? extents[3] : 0
        )
        isKeyMaskRepeated = extents[3] != v[1]
        dropout = DropoutSource(
            rate: op.rate, stream: op.stream, rows: op.rows, seed: operand.seed,
            step: operand.step, context)
    }

    /// Whether the kernel can read the mask as it is: one byte for each key.
    var hasSupportedMask: Bool { mask == nil || !isKeyMaskRepeated }

    func rows(
        _ base: UnsafeMutablePointer<Float>, _ part: Int, extent: Int, width: Int
    ) -> MutableRows {
        let (batch, head) = (part / headCount, part % headCount)
        return MutableRows(
            base + (batch * extent * headCount + head) * width, stride: headCount * width)
    }

    func operands(_ part: Int) -> AttentionOperands {
        let (batch, head) = (part / headCount, part % headCount)
        var operands = AttentionOperands(
            query: rows(query, part, extent: shape.queries, width: shape.dimension).readOnly,
            key: rows(key, part, extent: shape.keys, width: shape.dimension).readOnly,
            value: rows(value, part, extent: shape.keys, width: shape.valueDimension).readOnly,
            dropout: dropout?.mask, firstScoreRow: part * shape.queries)
        guard let mask else { return operands }
        let base = UnsafePointer(mask + batch * maskStrides.batch + head * maskStrides.head)
        if maskStrides.query == 0 {
            operands.keyMask = base
        } else {
            operands.mask = base
            operands.maskStride = maskStrides.query
        }
        return operands
    }
}
