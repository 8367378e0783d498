import MartletIR
import MartletRuntime

/// Chooses kernels for the steps of a plan.
struct StepCompiler {
    let isa: VectorISA
    /// Buffers of weights that are packed ahead.
    var packableWeights: Set<Int> = []

    /// Nil where the interpreted routine has to do.
    func compiled(_ step: PlanStep) throws -> CompiledStep? {
        do {
            return try compile(step)
        } catch is NoKernel, is CodegenError {
            return nil
        }
    }

    /// - Throws: `NoKernel` where the interpreted routine has to do.
    func compile(_ step: PlanStep) throws -> CompiledStep {
        switch step.work {
        case .cluster(let cluster): return try compile(cluster, step)
        case .copy: throw NoKernel()
        case .product(let product): return try compile(product, step)
        case .op(let op):
            guard step.hasOnlyFloat32 else { throw NoKernel() }
            return try compile(op, step)
        }
    }

    private func compile(_ op: Op, _ step: PlanStep) throws -> CompiledStep {
        switch op {
        case .dotGeneral(let dot): try compile(dot, step)
        case .dropout(let op): try compile(op, step)
        case .biasActivation(let op): try compile(op, step)
        case .biasActivationGradient(let op): try compile(op, step)
        case .layerNorm(let op): try compile(op, step)
        case .layerNormGradient(let op): try compile(op, step)
        case .attention(let op): try compile(op, step)
        case .attentionGradient(let op): try compile(op, step)
        case .reduce(let op): try compile(op, step)
        case .embedding: try compileLookup(step)
        case .embeddingGradient(let op): try compile(op, step)
        case .adamUpdate(let op): try compile(op, step)
        default: throw NoKernel()
        }
    }
}

extension StepCompiler {
    func result(_ step: PlanStep, _ index: Int = 0) throws -> PlanValue {
        guard let value = step.results[index] else { throw NoKernel() }
        return value
    }
}
