import MartletIR

/// Gradient descent with optional momentum: `SGDUpdate` states the formulas.
struct SGDRule: UpdateRule {
    var momentum: Double
    var isNesterov: Bool

    var name: String { "sgd" }
    var slots: [UpdateSlot] { momentum > 0 ? [UpdateSlot("momentum")] : [] }

    func validate() throws {
        guard (0...1).contains(momentum) else {
            throw OptimizerError(name, "momentum is \(momentum), expected 0...1")
        }
    }

    func shared(updateCount: Value, in builder: GraphBuilder) throws -> [Value] { [] }

    func update(_ operands: UpdateOperands, in builder: GraphBuilder) throws -> UpdateResults {
        let op = SGDUpdate(
            momentum: momentum, isNesterov: isNesterov, hasDecay: operands.decay != nil)
        let results = try builder.append(
            .sgdUpdate(op),
            [operands.parameter, operands.scaledGradient(in: builder), operands.learningRate]
                + operands.slots + [operands.decay].compactMap { $0 })
        return UpdateResults(parameter: results[0], slots: Array(results.dropFirst()))
    }
}

extension Optimizer {
    /// Gradient descent: `w ← w - learningRate · g`, with a velocity where momentum is above 0.
    ///
    /// - Parameters:
    ///   - momentum: the share of the velocity kept from step to step, 0...1.
    ///   - isNesterov: whether to look ahead along the velocity.
    public static func sgd(
        learningRate: LearningRate = 0.01, momentum: Double = 0, isNesterov: Bool = false,
        weightDecay: Double? = nil, excludedFromWeightDecay: [ParameterPattern] = [],
        clipping: GradientClipping? = nil, learningRateMultipliers: [String: Double] = [:],
        gradientAccumulationStepCount: Int = 1
    ) -> Optimizer {
        Optimizer(
            rule: SGDRule(momentum: momentum, isNesterov: isNesterov),
            learningRate: learningRate,
            weightDecay: weightDecay.map { WeightDecay($0, excluding: excludedFromWeightDecay) },
            clipping: clipping, learningRateMultipliers: learningRateMultipliers,
            gradientAccumulationStepCount: gradientAccumulationStepCount)
    }
}
