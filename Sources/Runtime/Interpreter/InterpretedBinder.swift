import MartletIR

/// The interpreted backend: each step is a plain Swift or OpenBLAS routine.
///
/// The oracle of compiled code, and the backend where LLVM is missing. What has no routine of its
/// own (a rare op, an element type other than f32) runs by the reference kernel.
package struct InterpretedBinder: StepBinder {
    package init() {}

    package func bind(_ step: PlanStep, _ context: BindingContext) throws -> [Phase] {
        switch step.work {
        case .cluster(let cluster): return ClusterKernel.bind(cluster, step, context)
        case .sum(let cluster): return ClusterKernel.bindSum(of: cluster, step, context)
        case .copy: return copy(step, context)
        case .product(let product): return try bind(product, step, context)
        case .op(let op):
            if let phases = try routine(op, step, context) { return phases }
            return try ReferenceStep.bind(op, step, context)
        }
    }

    /// The product, then bias and activation over it.
    private func bind(
        _ product: BiasedProduct, _ step: PlanStep, _ context: BindingContext
    ) throws -> [Phase] {
        guard let y = step.results[0] else { return [] }
        let between = step.results[1] ?? y
        let multiply = PlanStep(
            work: .op(.dotGeneral(product.product)), operands: Array(step.operands.prefix(2)),
            results: [between], path: step.path)
        let activate = PlanStep(
            work: .op(.biasActivation(BiasActivation(product.activation))),
            operands: [between, step.operands[2]], results: [y], path: step.path)
        return try bind(multiply, context) + bind(activate, context)
    }

    /// Nil where the op, or its operands' types, have no fast routine.
    private func routine(
        _ op: Op, _ step: PlanStep, _ context: BindingContext
    ) throws -> [Phase]? {
        switch op {
        case .transpose(let op): return MovementBindings.transpose(op, step, context)
        case .slice(let op): return try MovementBindings.slice(op, step, context)
        case .concatenate(let op): return MovementBindings.concatenate(op, step, context)
        case .pad(let op): return MovementBindings.pad(op, step, context)
        case .argMax(let op): return MovementBindings.argMax(op, step, context)
        case .reduce(let op): return ReduceBinding.bind(op, step, context)
        case .dimensionSize(let op): return dimensionSize(op, step, context)
        case .packIndices(let op): return PackingBindings.indices(op, step, context)
        case .packTokens: return PackingBindings.pack(step, context)
        case .unpackTokens: return PackingBindings.unpack(step, context)
        default: return step.hasOnlyFloat32 ? float32Routine(op, step, context) : nil
        }
    }

    private func float32Routine(
        _ op: Op, _ step: PlanStep, _ context: BindingContext
    ) -> [Phase]? {
        switch op {
        case .dotGeneral(let op): MatmulBinding.bind(op, step, context)
        case .softmax(let op) where op.axis == step.operands[0].type.rank - 1:
            RowBindings.softmax(step, context, isLog: false)
        case .logSoftmax(let op) where op.axis == step.operands[0].type.rank - 1:
            RowBindings.softmax(step, context, isLog: true)
        case .dropout(let op): RowBindings.dropout(op, step, context)
        case .biasActivation(let op): RowBindings.biasActivation(op, step, context)
        case .biasActivationGradient(let op):
            RowBindings.biasActivationGradient(op, step, context)
        case .layerNorm(let op): LayerNormBinding.forward(op, step, context)
        case .layerNormGradient(let op): LayerNormBinding.backward(op, step, context)
        case .attention(let op): AttentionBinding.forward(op, step, context)
        case .attentionGradient(let op): AttentionBinding.backward(op, step, context)
        case .packedAttention(let op): AttentionBinding.forward(op, step, context)
        case .packedAttentionGradient(let op): AttentionBinding.backward(op, step, context)
        case .embedding, .gather: EmbeddingBindings.lookup(step, context)
        case .embeddingGradient: EmbeddingBindings.gradient(step, context)
        case .softmaxCrossEntropy: EmbeddingBindings.crossEntropy(step, context)
        case .softmaxCrossEntropyGradient: EmbeddingBindings.crossEntropyGradient(step, context)
        case .adamUpdate(let op): UpdateBindings.adam(op, step, context)
        case .embeddingAdamUpdate(let op): UpdateBindings.embeddingAdam(op, step, context)
        case .sgdUpdate(let op): UpdateBindings.sgd(op, step, context)
        default: nil
        }
    }

    /// The number is known once extents are bound.
    private func dimensionSize(
        _ op: DimensionSize, _ step: PlanStep, _ context: BindingContext
    ) -> [Phase]? {
        guard let result = step.results[0],
            let extents = op.shape.evaluated({ context.extents($0) })
        else { return nil }
        let (to, dtype) = (context.raw(result), result.type.dtype)
        let count = Double(extents.reduce(1, *))
        return [
            Phase(partCount: 1) { _, _ in ElementAccess.store(count, to: to, dtype, at: 0) }
        ]
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
    package var hasOnlyFloat32: Bool {
        (operands + results.compactMap(\.self)).allSatisfy {
            !$0.type.dtype.isFloat || $0.type.dtype == .f32
        }
    }
}
