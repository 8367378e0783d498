import MartletIR

/// The interpreted backend: each step is a plain Swift or OpenBLAS routine.
///
/// The oracle of compiled code, and the backend where LLVM is missing. What has no routine of its
/// own (a rare op, an element type other than f32) runs by the reference kernel.
struct InterpretedBinder: StepBinder {
    func bind(_ step: PlanStep, _ context: BindingContext) throws -> [Phase] {
        switch step.work {
        case .cluster(let cluster): return ClusterKernel.bind(cluster, step, context)
        case .copy: return copy(step, context)
        case .op(let op):
            if let phases = routine(op, step, context) { return phases }
            return try ReferenceStep.bind(op, step, context)
        }
    }

    /// Nil where the op, or its operands' types, have no fast routine.
    private func routine(_ op: Op, _ step: PlanStep, _ context: BindingContext) -> [Phase]? {
        guard step.hasOnlyFloat32 else { return nil }
        switch op {
        case .dotGeneral(let dot): return MatmulBinding.bind(dot, step, context)
        case .reduce(let reduce): return ReduceBinding.bind(reduce, step, context)
        case .transpose(let transpose): return transposed(transpose, step, context)
        case .softmax(let softmax) where softmax.axis == step.operands[0].type.rank - 1:
            return RowBindings.softmax(step, context, isLog: false)
        case .logSoftmax(let softmax) where softmax.axis == step.operands[0].type.rank - 1:
            return RowBindings.softmax(step, context, isLog: true)
        case .dropout(let dropout): return RowBindings.dropout(dropout, step, context)
        case .biasActivation(let bias): return RowBindings.biasActivation(bias, step, context)
        case .biasActivationGradient(let gradient):
            return RowBindings.biasActivationGradient(gradient, step, context)
        case .layerNorm(let norm): return LayerNormBinding.forward(norm, step, context)
        case .layerNormGradient(let norm): return LayerNormBinding.backward(norm, step, context)
        case .attention(let attention):
            return AttentionBinding.forward(attention, step, context)
        case .attentionGradient(let attention):
            return AttentionBinding.backward(attention, step, context)
        case .embedding, .gather: return EmbeddingBindings.lookup(step, context)
        case .embeddingGradient: return EmbeddingBindings.gradient(step, context)
        case .softmaxCrossEntropy: return EmbeddingBindings.crossEntropy(step, context)
        case .softmaxCrossEntropyGradient:
            return EmbeddingBindings.crossEntropyGradient(step, context)
        case .adamUpdate(let adam): return RowBindings.adam(adam, step, context)
        case .sgdUpdate(let sgd): return RowBindings.sgd(sgd, step, context)
        case .input, .constant, .iota, .dimensionSize, .randomBits, .unary, .binary, .compare,
            .select, .convert, .broadcastInDim, .reshape, .slice, .pad, .concatenate,
            .scatterAdd, .argMax, .softmax, .logSoftmax, .gelu:
            return nil
        }
    }

    /// A transposition is a cluster without instructions that reads its operand along other axes.
    private func transposed(
        _ transpose: Transpose, _ step: PlanStep, _ context: BindingContext
    ) -> [Phase]? {
        guard let result = step.results[0] else { return [] }
        let cluster = Cluster(
            shape: result.type.shape, leaves: [.operand(0, axes: transpose.permutation)],
            instructions: [])
        return ClusterKernel.bind(cluster, step, context)
    }

    private func copy(_ step: PlanStep, _ context: BindingContext) -> [Phase] {
        guard let result = step.results[0] else { return [] }
        let byteCount = context.elementCount(result) * result.type.dtype.byteCount
        let (from, to) = (context.raw(step.operands[0]), context.raw(result))
        return [
            Phase(partCount: 1) { _, _ in
                to.copyMemory(from: from, byteCount: byteCount)
            }
        ]
    }
}

extension PlanStep {
    /// Whether every float operand and result is f32.
    var hasOnlyFloat32: Bool {
        (operands + results.compactMap(\.self)).allSatisfy {
            !$0.type.dtype.isFloat || $0.type.dtype == .f32
        }
    }
}
