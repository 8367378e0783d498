import MartletIR
import MartletRuntime

extension StepCompiler {
    func compile(_ op: MartletIR.Attention, _ step: PlanStep) throws -> CompiledStep {
        let operand = op.layout(step.operands)
        var parameters: [String: KernelCall.Parameter] = [:]
        let kernel = try attention(op, operand, &parameters)
        var buffers: [KernelCall.Buffer] = try [
            .value(operand.query), .value(operand.key), .value(operand.value),
            .value(result(step)),
        ]
        if let mask = operand.mask { buffers.append(.value(mask)) }
        let lse = step.results[1]
        if let lse, sharedLogSums.contains(lse.buffer) { throw NoKernel() }
        if let lse { buffers.append(.value(lse)) }
        let function = try kernel.lowerForward(to: isa, savesLogSumExp: lse != nil)
        return CompiledStep([KernelCall(function, buffers, parameters: parameters)])
    }

    func compile(_ op: MartletIR.AttentionGradient, _ step: PlanStep) throws -> CompiledStep {
        let operand = op.layout(step.operands)
        if sharedLogSums.contains(operand.lse.buffer) { throw NoKernel() }
        var parameters: [String: KernelCall.Parameter] = [:]
        let kernel = try attention(op.forward, operand.forward, &parameters)
        var buffers: [KernelCall.Buffer] = [
            .value(operand.forward.query), .value(operand.forward.key),
            .value(operand.forward.value), .value(operand.output), .value(operand.doutput),
            .value(operand.lse),
        ]
        buffers += try [
            .value(result(step)), .value(result(step, 1)), .value(result(step, 2)),
        ]
        if let mask = operand.forward.mask { buffers.append(.value(mask)) }
        let function = try kernel.lowerBackward(to: isa)
        return CompiledStep([KernelCall(function, buffers, parameters: parameters)])
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
        return Attention(
            batch: try q[0].extent(named: "batch", &parameters), heads: heads,
            queries: queries, keys: keys, size: size, valueSize: valueSize,
            scale: op.scale, hasKeyMask: operand.mask != nil, isCausal: op.isCausal,
            dropoutRate: op.rate, hasSelectedRows: op.rows != .all,
            fullyMaskedRow: op.maskedRows == .uniform ? .uniform : .zero)
    }
}
