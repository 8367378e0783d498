import Foundation
import MartletIR

/// Where Adam adds its epsilon to the root of the second moment.
public enum EpsilonForm: Hashable, Sendable {
    /// Beside the moment as it is kept, `√v + ε`: Keras, TensorFlow, and the paper's efficient
    /// form ("epsilon hat").
    case uncorrected
    /// Beside the bias-corrected moment, `√(v / (1 - β₂ᵗ)) + ε`: PyTorch, Hugging Face, and the
    /// paper's Algorithm 1.
    case biasCorrected
}

/// How the second moment counts a row of an embedding table that a batch looks up several times.
public enum RepeatedRows: Hashable, Sendable {
    /// The squares of each look-up's gradient, added: `Σ gᵢ²`. Keras on TensorFlow, whose sparse
    /// gradients are squared before the look-ups of one row are added up.
    case apart
    /// The square of the row's gradient: `(Σ gᵢ)²`. Keras on JAX and PyTorch, Hugging Face.
    case summed
}

/// Adam: `AdamUpdate` and `EmbeddingAdamUpdate` state the formulas.
struct AdamRule: UpdateRule {
    var beta1: Double
    var beta2: Double
    var epsilon: Double
    var epsilonForm: EpsilonForm
    var repeatedRows: RepeatedRows

    var name: String { "adam" }
    var slots: [UpdateSlot] { [UpdateSlot("first_moment"), UpdateSlot("second_moment")] }

    func validate() throws {
        for (argument, value) in [("beta1", beta1), ("beta2", beta2)]
        where !(value >= 0 && value < 1) {
            throw OptimizerError(name, "\(argument) is \(value), expected 0..<1")
        }
        guard epsilon >= 0 && epsilon.isFinite else {
            throw OptimizerError(name, "epsilon is \(epsilon), expected a small positive number")
        }
    }

    /// `√(1 - β₂ᵗ)`, `1 - β₁ᵗ`, and the epsilon that stands beside the uncorrected moment.
    func shared(updateCount: Value, in b: GraphBuilder) throws -> [Value] {
        let dtype = b.type(of: updateCount).dtype
        func correction(_ beta: Double) throws -> Value {
            switch epsilonForm {
            case .uncorrected:
                return try b.subtract(1, b.power(b.constant(beta, dtype), updateCount))
            case .biasCorrected:
                // PyTorch computes it in Float64; this form keeps its digits in Float32.
                let exponent = try b.multiply(updateCount, Foundation.log(beta))
                return try b.negate(b.unary(.exponentialMinusOne, exponent))
            }
        }
        let root = try b.unary(.sqrt, correction(beta2))
        let plain = try b.constant(epsilon, dtype)
        let epsilon = epsilonForm == .uncorrected ? plain : try b.multiply(plain, root)
        return [root, try correction(beta1), epsilon]
    }

    func update(_ operands: UpdateOperands, in b: GraphBuilder) throws -> UpdateResults {
        let stepSize = try b.divide(
            b.multiply(operands.learningRate, operands.shared[0]), operands.shared[1])
        let scalars = [stepSize, operands.shared[2]]
        let decay = [operands.decay].compactMap { $0 }
        let results: [Value]
        if operands.gradientScale == nil, let lookups = b.lookups(in: operands.gradient) {
            let op = EmbeddingAdamUpdate(
                beta1: beta1, beta2: beta2, countsLookupsApart: repeatedRows == .apart,
                hasDecay: operands.decay != nil)
            results = try b.append(
                .embeddingAdamUpdate(op),
                [operands.parameter, lookups.ids, lookups.rows] + operands.slots + scalars + decay)
        } else {
            let squares =
                repeatedRows == .apart && operands.gradientScale == nil
                ? try b.squaresOfLookups(in: operands.gradient) : nil
            let op = AdamUpdate(
                beta1: beta1, beta2: beta2, hasDecay: operands.decay != nil,
                hasScale: operands.gradientScale != nil, hasSquares: squares != nil)
            results = try b.append(
                .adamUpdate(op),
                [operands.parameter, operands.gradient] + operands.slots + scalars
                    + [squares, operands.gradientScale].compactMap { $0 } + decay)
        }
        return UpdateResults(parameter: results[0], slots: Array(results.dropFirst()))
    }
}

extension Optimizer {
    /// Adam (Kingma and Ba, 2015, arXiv 1412.6980), with Keras's defaults.
    ///
    /// - Parameters:
    ///   - epsilonForm: Keras's by default; PyTorch's is `.biasCorrected` with epsilon 1e-8.
    ///   - repeatedRows: Keras on TensorFlow's by default. Without clipping or accumulation only;
    ///     with them rows are summed.
    ///   - weightDecay: decoupled, as in AdamW; nil for none.
    public static func adam(
        learningRate: LearningRate = 0.001, beta1: Double = 0.9, beta2: Double = 0.999,
        epsilon: Double = 1e-7, epsilonForm: EpsilonForm = .uncorrected,
        repeatedRows: RepeatedRows = .apart, weightDecay: Double? = nil,
        excludedFromWeightDecay: [ParameterPattern] = [], clipping: GradientClipping? = nil,
        learningRateMultipliers: [String: Double] = [:], gradientAccumulationStepCount: Int = 1
    ) -> Optimizer {
        Optimizer(
            rule: AdamRule(
                beta1: beta1, beta2: beta2, epsilon: epsilon, epsilonForm: epsilonForm,
                repeatedRows: repeatedRows),
            learningRate: learningRate,
            weightDecay: weightDecay.map { WeightDecay($0, excluding: excludedFromWeightDecay) },
            clipping: clipping, learningRateMultipliers: learningRateMultipliers,
            gradientAccumulationStepCount: gradientAccumulationStepCount)
    }

    /// Adam with decoupled weight decay (Loshchilov and Hutter, 2019, arXiv 1711.05101), with
    /// Keras's defaults: `w ← w - learningRate · weightDecay · w` before each update.
    ///
    /// - Parameter excludedFromWeightDecay: parameters that do not decay, such as
    ///   `[.name("bias"), .name("gamma"), .name("beta")]`.
    public static func adamW(
        learningRate: LearningRate = 0.001, weightDecay: Double = 0.004,
        excludedFromWeightDecay: [ParameterPattern] = [], beta1: Double = 0.9,
        beta2: Double = 0.999, epsilon: Double = 1e-7,
        epsilonForm: EpsilonForm = .uncorrected, repeatedRows: RepeatedRows = .apart,
        clipping: GradientClipping? = nil, learningRateMultipliers: [String: Double] = [:],
        gradientAccumulationStepCount: Int = 1
    ) -> Optimizer {
        var optimizer = adam(
            learningRate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon,
            epsilonForm: epsilonForm, repeatedRows: repeatedRows, weightDecay: weightDecay,
            excludedFromWeightDecay: excludedFromWeightDecay, clipping: clipping,
            learningRateMultipliers: learningRateMultipliers,
            gradientAccumulationStepCount: gradientAccumulationStepCount)
        optimizer.name = "adamw"
        return optimizer
    }

    /// AdamW as Hugging Face's `Trainer` uses PyTorch's: epsilon 1e-8 beside the corrected
    /// moment, no decay of biases and normalizations, gradients clipped to a global norm of 1, and
    /// a schedule that counts updates.
    public static func huggingFaceAdamW(
        learningRate: LearningRate = 5e-5, weightDecay: Double = 0,
        excludedFromWeightDecay: [ParameterPattern] = .biasesAndNormalizations,
        clipping: GradientClipping? = .globalNorm(1, convention: .pyTorch),
        learningRateMultipliers: [String: Double] = [:], gradientAccumulationStepCount: Int = 1
    ) -> Optimizer {
        var optimizer = adamW(
            learningRate: learningRate, weightDecay: weightDecay,
            excludedFromWeightDecay: excludedFromWeightDecay, epsilon: 1e-8,
            epsilonForm: .biasCorrected, repeatedRows: .summed, clipping: clipping,
            learningRateMultipliers: learningRateMultipliers,
            gradientAccumulationStepCount: gradientAccumulationStepCount)
        optimizer.scheduleClock = .updates
        return optimizer
    }

    /// AdamW as TensorFlow Model Garden's `create_optimizer` makes it: linear warm-up joined to a
    /// polynomial decay over all steps, decay 0.01 without biases and layer normalizations,
    /// epsilon 1e-6, gradients clipped to a global norm of 1.
    public static func modelGardenAdamW(
        initialLearningRate: Double, totalStepCount: Int, warmupStepCount: Int,
        endLearningRate: Double = 0, power: Double = 1, beta1: Double = 0.9,
        learningRateMultipliers: [String: Double] = [:]
    ) -> Optimizer {
        adamW(
            learningRate: .warmupPolynomialDecay(
                initialLearningRate: initialLearningRate, totalStepCount: totalStepCount,
                warmupStepCount: warmupStepCount, endLearningRate: endLearningRate, power: power),
            weightDecay: 0.01, excludedFromWeightDecay: [.path("LayerNorm|layer_norm|bias")],
            beta1: beta1, epsilon: 1e-6, repeatedRows: .summed, clipping: .globalNorm(1),
            learningRateMultipliers: learningRateMultipliers)
    }
}
