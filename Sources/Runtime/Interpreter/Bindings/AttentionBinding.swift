import MartletIR

/// Attention, one part for each batch and head.
enum AttentionBinding {
    static func forward(_ op: Attention, _ step: PlanStep, _ context: BindingContext) -> [Phase]? {
        forward(AttentionHeads(op, op.layout(step.operands), context), step, context)
    }

    static func forward(
        _ op: PackedAttention, _ step: PlanStep, _ context: BindingContext
    ) -> [Phase]? {
        let operand = op.layout(step.operands)
        return forward(AttentionHeads(op, operand, context), step, context).map {
            operand.check(step, context) + $0
        }
    }

    static func backward(
        _ op: AttentionGradient, _ step: PlanStep, _ context: BindingContext
    ) -> [Phase]? {
        let operand = op.layout(step.operands)
        return backward(
            AttentionHeads(op.forward, operand.forward, context), doutput: operand.doutput,
            output: operand.output, lse: operand.lse, step, context)
    }

    static func backward(
        _ op: PackedAttentionGradient, _ step: PlanStep, _ context: BindingContext
    ) -> [Phase]? {
        let operand = op.layout(step.operands)
        return backward(
            AttentionHeads(op.forward, operand.forward, context), doutput: operand.doutput,
            output: operand.output, lse: operand.lse, step, context
        ).map { operand.forward.check(step, context) + $0 }
    }

    private static func forward(
        _ heads: AttentionHeads, _ step: PlanStep, _ context: BindingContext
    ) -> [Phase]? {
        guard let output = step.results[0], heads.hasSupportedMask else { return nil }
        let out = context.floats(output)
        let lse = step.results[1].map { context.floats($0) }
        let scores =
            step.results.count > 2 ? step.results[2].map { context.floats($0) } : nil
        let scratch = context.scratch
        scratch.reserveForWorker(byteCount: heads.shape.forwardScratchByteCount)
        return [
            Phase(partCount: heads.count) { part, worker in
                let shape = heads.shape(ofPart: part)
                AttentionKernel.forward(
                    shape, heads.operands(part), queries: 0..<shape.queries,
                    output: heads.queryRows(out, part, width: shape.valueDimension),
                    logSumExp: lse.map { heads.logSums($0, part) },
                    probabilities: scores.map {
                        MutableRows($0 + part * shape.queries * shape.keys, stride: shape.keys)
                    },
                    scratch: scratch.base(ofWorker: worker).assumingMemoryBound(to: Float.self))
            }
        ]
    }

    private static func backward(
        _ heads: AttentionHeads, doutput: PlanValue, output: PlanValue, lse: PlanValue,
        _ step: PlanStep, _ context: BindingContext
    ) -> [Phase]? {
        guard heads.hasSupportedMask, let dq = step.results[0].map({ context.floats($0) }),
            let dk = step.results[1].map({ context.floats($0) }),
            let dv = step.results[2].map({ context.floats($0) })
        else { return nil }
        let (doutput, output) = (context.floats(doutput), context.floats(output))
        let lse = context.floats(lse)
        let scratch = context.scratch
        scratch.reserveForWorker(byteCount: heads.shape.backwardScratchByteCount)
        return [
            Phase(partCount: heads.count) { part, worker in
                let shape = heads.shape(ofPart: part)
                let (size, valueSize) = (shape.dimension, shape.valueDimension)
                AttentionKernel.backward(
                    shape, heads.operands(part),
                    AttentionGradients(
                        output: heads.queryRows(output, part, width: valueSize).readOnly,
                        logSumExp: UnsafePointer(heads.logSums(lse, part)),
                        outputGradient: heads.queryRows(doutput, part, width: valueSize).readOnly,
                        queryGradient: heads.queryRows(dq, part, width: size),
                        keyGradient: heads.keyRows(dk, part, width: size),
                        valueGradient: heads.keyRows(dv, part, width: valueSize)),
                    scratch: scratch.base(ofWorker: worker).assumingMemoryBound(to: Float.self))
            }
        ]
    }
}

extension PackedAttention.Layout where Element == PlanValue {
    /// The check that must run before kernels read the offsets.
    package func check(_ step: PlanStep, _ context: BindingContext) -> [Phase] {
        OffsetCheck.phases(offsets: offsets, mask: mask, indices: indices, step, context)
    }
}

extension MutableRows {
    var readOnly: Rows { Rows(base, stride: stride) }
}

/// Where each head's rows and mask lie: in `[batch, length, heads, size]` tensors, or in packed
/// `[tokens, heads, size]` ones.
private struct AttentionHeads {
    /// Of all parts, or of the longest there may be.
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
    private let packing: Packing?

    /// Rows of the batch one after another.
    private struct Packing {
        let offsets: UnsafePointer<Int32>
        let tokenCount: Int
        let packsQueries: Bool

        func rows(_ batch: Int) -> Range<Int> { Int(offsets[batch])..<Int(offsets[batch + 1]) }
    }

    init(_ op: Attention, _ operand: Attention.Layout<PlanValue>, _ context: BindingContext) {
        let q = context.shape(operand.query)
        let v = context.shape(operand.value)
        shape = AttentionShape(
            queries: q[1], keys: v[1], dimension: q[3], valueDimension: v[3],
            scale: Float(op.scale), isCausal: op.isCausal,
            fullyMaskedRows: op.maskedRows == .uniform ? .uniform : .zero,
            roundsOperands: op.operandPrecision == .bf16)
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
        packing = nil
    }

    init(
        _ op: PackedAttention, _ operand: PackedAttention.Layout<PlanValue>,
        _ context: BindingContext
    ) {
        let (q, v) = (context.shape(operand.query), context.shape(operand.value))
        let extents = context.shape(operand.mask)
        let size = q.last ?? 0
        shape = AttentionShape(
            queries: op.packsQueries ? extents[1] : q[1], keys: extents[1], dimension: size,
            valueDimension: v[2], scale: Float(op.attention.scale),
            fullyMaskedRows: op.attention.maskedRows == .uniform ? .uniform : .zero,
            roundsOperands: op.attention.operandPrecision == .bf16)
        headCount = v[1]
        count = extents[0] * v[1]
        query = context.floats(operand.query)
        key = context.floats(operand.key)
        value = context.floats(operand.value)
        mask = context.pointer(operand.mask)
        maskStrides = (extents[1], 0, 0)
        isKeyMaskRepeated = false
        dropout = DropoutSource(
            rate: op.attention.rate, stream: op.attention.stream, rows: op.attention.rows,
            seed: operand.seed, step: operand.step, context)
        packing = Packing(
            offsets: context.pointer(operand.offsets), tokenCount: v[0],
            packsQueries: op.packsQueries)
    }

    /// Whether the kernel can read the mask as it is: one byte for each key.
    var hasSupportedMask: Bool { mask == nil || !isKeyMaskRepeated }

    func shape(ofPart part: Int) -> AttentionShape {
        guard let packing else { return shape }
        var ofPart = shape
        ofPart.keys = packing.rows(part / headCount).count
        if packing.packsQueries { ofPart.queries = ofPart.keys }
        return ofPart
    }

    func queryRows(
        _ base: UnsafeMutablePointer<Float>, _ part: Int, width: Int
    ) -> MutableRows {
        let isPacked = packing?.packsQueries ?? false
        return rows(base, part, extent: shape.queries, width: width, isPacked: isPacked)
    }

    func keyRows(
        _ base: UnsafeMutablePointer<Float>, _ part: Int, width: Int
    ) -> MutableRows {
        rows(base, part, extent: shape.keys, width: width, isPacked: packing != nil)
    }

    private func rows(
        _ base: UnsafeMutablePointer<Float>, _ part: Int, extent: Int, width: Int, isPacked: Bool
    ) -> MutableRows {
        let (batch, head) = (part / headCount, part % headCount)
        let first =
            isPacked ? packing?.rows(batch).lowerBound ?? 0 : batch * extent
        return MutableRows(
            base + (first * headCount + head) * width, stride: headCount * width)
    }

    /// The log-sum-exps of a part's queries.
    func logSums(
        _ base: UnsafeMutablePointer<Float>, _ part: Int
    ) -> UnsafeMutablePointer<Float> {
        guard let packing, packing.packsQueries else { return base + part * shape.queries }
        let first = packing.rows(part / headCount).lowerBound
        return base + part % headCount * packing.tokenCount + first
    }

    func operands(_ part: Int) -> AttentionOperands {
        let (batch, head) = (part / headCount, part % headCount)
        var operands = AttentionOperands(
            query: queryRows(query, part, width: shape.dimension).readOnly,
            key: keyRows(key, part, width: shape.dimension).readOnly,
            value: keyRows(value, part, width: shape.valueDimension).readOnly,
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
