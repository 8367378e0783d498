import MartletIR
import MartletRuntime

/// Chooses kernels for the steps of a plan.
struct StepCompiler {
    let isa: VectorISA
    /// Buffers of weights that are packed ahead.
    let packableWeights: Set<Int>
    /// Buffers of log-sum-exps that others than attention's own gradient read. The kernels keep
    /// them in powers of two, so these are left to the interpreted routines.
    private(set) var sharedLogSums: Set<Int> = []

    let costs: ProductCosts

    /// A compiler for the steps of one plan.
    ///
    /// - Parameter costs: what generated products and OpenBLAS are chosen by; those built in by
    ///   default.
    init(isa: VectorISA, plan: Plan, costs: ProductCosts? = nil) {
        self.isa = isa
        self.costs = costs ?? .builtIn(isa)
        packableWeights = plan.packableWeights
        var logSums: Set<Int> = []
        for step in plan.steps {
            var readers = step.operands
            switch step.work {
            case .op(.attention), .op(.packedAttention):
                if let lse = step.results[1] { logSums.insert(lse.buffer) }
            case .op(.attentionGradient(let op)):
                let lse = op.layout(step.operands).lse.buffer
                readers.removeAll { $0.buffer == lse }
            case .op(.packedAttentionGradient(let op)):
                let lse = op.layout(step.operands).lse.buffer
                readers.removeAll { $0.buffer == lse }
            default: break
            }
            sharedLogSums.formUnion(readers.map(\.buffer))
        }
        sharedLogSums.formUnion(plan.outputs.map(\.value.buffer))
        sharedLogSums.formIntersection(logSums)
    }

    /// Nil where the interpreted routine has to do.
    func compiled(_ step: PlanStep) throws -> CompiledStep? {
        do {
            return try compile(step)
        } catch is NoKernel, is CodegenError {
            return nil
        }
    }

    /// Kernels that add the step's result to what its buffer holds; nil where there are none.
    func compiledAdding(_ step: PlanStep) throws -> CompiledStep? {
        guard case .op(.dotGeneral(let dot)) = step.work, step.hasOnlyFloat32 else { return nil }
        do {
            return try compile(dot, step, adds: true)
        } catch is NoKernel, is CodegenError {
            return nil
        }
    }

    /// - Throws: `NoKernel` where the interpreted routine has to do.
    func compile(_ step: PlanStep) throws -> CompiledStep {
        switch step.work {
        case .cluster(let cluster): return try compile(cluster, step)
        case .sum(let cluster): return try compileSum(of: cluster, step)
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
        case .softmax(let op): try compile(op, step)
        case .softmaxCrossEntropy: try compileCrossEntropy(step)
        case .softmaxCrossEntropyGradient: try compileCrossEntropyGradient(step)
        case .dropout(let op): try compile(op, step)
        case .biasActivation(let op): try compile(op, step)
        case .biasActivationGradient(let op): try compile(op, step)
        case .layerNorm(let op): try compile(op, step)
        case .layerNormGradient(let op): try compile(op, step)
        case .attention(let op): try compile(op, step)
        case .attentionGradient(let op): try compile(op, step)
        case .packedAttention(let op): try compile(op, step)
        case .packedAttentionGradient(let op): try compile(op, step)
        case .reduce(let op): try compile(op, step)
        case .embedding: try compileLookup(step)
        case .embeddingGradient(let op): try compile(op, step)
        case .adamUpdate(let op): try compile(op, step)
        case .embeddingAdamUpdate(let op): try compile(op, step)
        case .sgdUpdate(let op): try compile(op, step)
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
