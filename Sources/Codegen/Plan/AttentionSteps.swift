import MartletIR
import MartletRuntime

extension StepCompiler {
    func compile(_ op: MartletIR.Attention, _ step: PlanStep) throws -> CompiledStep {
        let operand = op.layout(step.operands)
        var parameters: [String: KernelCall.Parameter] = [:]
        let kernel = try attention(op, operand, &parameters)
        return try forward(
            kernel, step, mask: operand.mask, offsets: nil, parameters,
            AttentionRounding(op, isa: isa))
    }

    func compile(_ op: PackedAttention, _ step: PlanStep) throws -> CompiledStep {
        let operand = op.layout(step.operands)
        var parameters: [String: KernelCall.Parameter] = [:]
        let kernel = try attention(op, operand, &parameters)
        var compiled = try forward(
            kernel, step, mask: operand.mask, offsets: operand.offsets, parameters,
            AttentionRounding(op.attention, isa: isa))
        compiled.prologue = { operand.check(step, $0) }
        return compiled
    }

    private func forward(
        _ kernel: Attention, _ step: PlanStep, mask: PlanValue?, offsets: PlanValue?,
        _ parameters: [String: KernelCall.Parameter], _ rounding: AttentionRounding
    ) throws -> CompiledStep {
        var rounding = rounding
        var values = try [result(step)]
        if let mask { values.append(mask) }
        let lse = step.results[1]
        if let lse, sharedLogSums.contains(lse.buffer) { throw NoKernel() }
        if let lse { values.append(lse) }
        if let offsets { values.append(offsets) }
        let function = try kernel.lowerForward(to: isa, savesLogSumExp: lse != nil)
        let tensors = try rounding.read(step.operands.prefix(3), scale: kernel.scale)
        return rounding.step(
            KernelCall(
                function, tensors + values.map { .value($0) }, parameters: parameters))
    }

    func compile(_ op: MartletIR.AttentionGradient, _ step: PlanStep) throws -> CompiledStep {
        let operand = op.layout(step.operands)
        var parameters: [String: KernelCall.Parameter] = [:]
        let kernel = try attention(op.forward, operand.forward, &parameters)
        return try backward(
            kernel, step, mask: operand.forward.mask, offsets: nil, parameters,
            AttentionRounding(op.forward, isa: isa))
    }

    func compile(_ op: PackedAttentionGradient, _ step: PlanStep) throws -> CompiledStep {
        let operand = op.layout(step.operands).forward
        var parameters: [String: KernelCall.Parameter] = [:]
        let kernel = try attention(op.forward, operand, &parameters)
        var compiled = try backward(
            kernel, step, mask: operand.mask, offsets: operand.offsets, parameters,
            AttentionRounding(op.forward.attention, isa: isa))
        compiled.prologue = { operand.check(step, $0) }
        return compiled
    }

    /// Operands of a gradient: doutput, q, k, v, output, lse, …
    private func backward(
        _ kernel: Attention, _ step: PlanStep, mask: PlanValue?, offsets: PlanValue?,
        _ parameters: [String: KernelCall.Parameter], _ rounding: AttentionRounding
    ) throws -> CompiledStep {
        var rounding = rounding
        let operands = step.operands
        if sharedLogSums.contains(operands[5].buffer) { throw NoKernel() }
        var tensors = try rounding.read(operands[1...3], scale: kernel.scale)
        tensors += try [.value(operands[4]), rounding.read(operands[0]), .value(operands[5])]
        var values = try [result(step), result(step, 1), result(step, 2)]
        values += [mask, offsets].compactMap { $0 }
        let function = try kernel.lowerBackward(to: isa)
        return rounding.step(
            KernelCall(
                function, tensors + values.map { .value($0) }, parameters: parameters))
    }

    /// The kernel for an attention op: the same choice forward and backward, as the two share the
    /// kernel's own form of the log-sum-exp.
    private func attention(
        _ op: MartletIR.Attention, _ operand: MartletIR.Attention.Layout<PlanValue>,
        _ parameters: inout [String: KernelCall.Parameter]
    ) throws -> Attention {
        let (q, v) = (operand.query.type.shape, operand.value.type.shape)
        guard !op.returnsScores, let heads = q[2].fixed, let size = q[3].fixed,
            let valueSize = v[3].fixed, size > 0, valueSize > 0
        else { throw NoKernel() }
        let queries = try q[1].extent(named: "queries", &parameters)
        let keys =
            v[1] == q[1] ? queries : try v[1].extent(named: "keys", &parameters)
        guard queries.bound > 0, keys.bound > 0 else { throw NoKernel() }
        if let mask = operand.mask?.type.shape {
            let isKeyMask = mask[1] == 1 && mask[2] == 1 && mask[0] == q[0] && mask[3] == v[1]
            guard isKeyMask else { throw NoKernel() }
        }
        // A block of rows takes its numbers one after another.
        guard op.rows == .all || q[1] == 1 else { throw NoKernel() }
        dropoutParameters(
            op.rate, op.stream, op.rows, operand.seed, operand.step, &parameters)
        parameters["firstBatch"] = .first(perEntry: 1)
        var kernel = Attention(
            batch: try q[0].extent(named: "batch", &parameters), heads: heads,
            queries: queries, keys: keys, size: size, valueSize: valueSize,
            scale: op.scale, hasKeyMask: operand.mask != nil, isCausal: op.isCausal,
            dropoutRate: op.rate, hasSelectedRows: op.rows != .all,
            fullyMaskedRow: op.maskedRows == .uniform ? .uniform : .zero)
        setPrecision(of: &kernel, op)
        return kernel
    }

    private func attention(
        _ op: PackedAttention, _ operand: PackedAttention.Layout<PlanValue>,
        _ parameters: inout [String: KernelCall.Parameter]
    ) throws -> Attention {
        let (q, v) = (operand.query.type.shape, operand.value.type.shape)
        let mask = operand.mask.type.shape
        guard let heads = v[1].fixed, let size = q[q.rank - 1].fixed, let valueSize = v[2].fixed,
            size > 0, valueSize > 0
        else { throw NoKernel() }
        let keys = try mask[1].extent(named: "keys", &parameters)
        let queries =
            op.packsQueries ? keys : try q[1].extent(named: "queries", &parameters)
        guard queries.bound > 0, keys.bound > 0 else { throw NoKernel() }
        let attention = op.attention
        // A block of rows takes its numbers one after another.
        guard attention.rows == .all || (!op.packsQueries && q[1] == 1) else { throw NoKernel() }
        dropoutParameters(
            attention.rate, attention.stream, attention.rows, operand.seed, operand.step,
            &parameters)
        parameters["firstBatch"] = .constant(0)
        var kernel = Attention(
            batch: try mask[0].extent(named: "batch", &parameters), heads: heads,
            queries: queries, keys: keys, size: size, valueSize: valueSize,
            scale: attention.scale, hasKeyMask: true, dropoutRate: attention.rate,
            hasSelectedRows: attention.rows != .all,
            fullyMaskedRow: attention.maskedRows == .uniform ? .uniform : .zero)
        kernel.packing = op.packsQueries ? .all : .keys
        kernel.tokens = try v[0].extent(named: "tokens", &parameters)
        setPrecision(of: &kernel, attention)
        return kernel
    }

    private func setPrecision(of kernel: inout Attention, _ op: MartletIR.Attention) {
        guard op.operandPrecision == .bf16 else { return }
        if isa.hasBFloat16Dot {
            kernel.element = .bfloat16
        } else {
            kernel.queriesAreScaled = true
        }
    }
}

/// Where the processor has no bfloat16 products: rounded copies of attention's operands, which are
/// multiplied as float32. Probabilities and slopes are not rounded there.
private struct AttentionRounding {
    private let isNeeded: Bool
    private var copies: OperandCopies

    init(_ op: MartletIR.Attention, isa: VectorISA) {
        isNeeded = op.operandPrecision == .bf16 && !isa.hasBFloat16Dot
        copies = OperandCopies(isa: isa)
    }

    /// What the kernel reads in place of a tensor.
    mutating func read(_ value: PlanValue, scale: Double? = nil) throws -> KernelCall.Buffer {
        isNeeded ? try copies.rounded(value, scale: scale) : .value(value)
    }

    /// Query, key and value.
    mutating func read(
        _ values: ArraySlice<PlanValue>, scale: Double
    ) throws -> [KernelCall.Buffer] {
        try values.enumerated().map { try read($1, scale: $0 == 0 ? scale : nil) }
    }

    func step(_ call: KernelCall) -> CompiledStep { copies.step(call) }
}
