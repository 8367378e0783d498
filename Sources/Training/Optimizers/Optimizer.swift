import MartletIR

/// How gradients change weights: a rule, its learning rate, weight decay and clipping.
///
/// A value without state: moments and the step number belong to the training graph, into which
/// `AppendOptimizer` writes all of it. Defaults and order of operations are Keras 3's: gradients
/// are accumulated, then clipped, then weights decay, then the rule moves them.
public struct Optimizer: Sendable {
    /// The first part of slot names: `adam` in `adam/first_moment/dense/kernel`.
    public var name: String
    public var rule: any UpdateRule
    public var learningRate: LearningRate
    public var weightDecay: WeightDecay?
    public var clipping: GradientClipping?
    /// Factors on the learning rate by layer path; the longest path that leads to a parameter
    /// decides. Empty for one rate everywhere.
    public var learningRateMultipliers: [String: Double]
    /// Gradients of this many steps are averaged before weights change; 1 for every step.
    ///
    /// The rule counts the changes; `scheduleClock` says what schedules count.
    public var gradientAccumulationStepCount: Int
    /// What a schedule counts where gradients are accumulated; steps by default, as in Keras.
    public var scheduleClock = ScheduleClock.steps

    public init(
        name: String? = nil, rule: any UpdateRule, learningRate: LearningRate,
        weightDecay: WeightDecay? = nil, clipping: GradientClipping? = nil,
        learningRateMultipliers: [String: Double] = [:], gradientAccumulationStepCount: Int = 1
    ) {
        self.name = name ?? rule.name
        self.rule = rule
        self.learningRate = learningRate
        self.weightDecay = weightDecay
        self.clipping = clipping
        self.learningRateMultipliers = learningRateMultipliers
        self.gradientAccumulationStepCount = gradientAccumulationStepCount
    }

    /// The slot that holds a learning rate that is one number.
    public var learningRateSlotName: String { "\(name)/learning_rate" }

    func slotName(_ slot: String, of parameter: String) -> String {
        "\(name)/\(slot)/\(parameter)"
    }

    static let accumulatorName = "gradient_accumulator"

    /// The state that the training graph keeps beside these parameters, in Keras's order: the
    /// learning rate, gradient accumulators, then each parameter's slots.
    public func slots(for parameters: [(name: String, type: TensorType)]) -> [OptimizerSlot] {
        var slots: [OptimizerSlot] = []
        if let rate = learningRate.constant {
            let dtype = parameters.first?.type.dtype ?? .f32
            slots.append(
                OptimizerSlot(
                    name: learningRateSlotName, type: TensorType(dtype, .scalar),
                    initialValue: rate, parameter: nil))
        }
        if gradientAccumulationStepCount > 1 {
            slots += parameters.map {
                OptimizerSlot(
                    name: slotName(Self.accumulatorName, of: $0.name), type: $0.type,
                    initialValue: 0, parameter: $0.name)
            }
        }
        for parameter in parameters {
            slots += rule.slots.map {
                OptimizerSlot(
                    name: slotName($0.name, of: parameter.name), type: parameter.type,
                    initialValue: $0.initialValue, parameter: parameter.name)
            }
        }
        return slots
    }

    /// The factor on a parameter's learning rate.
    func learningRateMultiplier(of parameter: String) -> Double {
        learningRateMultipliers.filter {
            $0.key.isEmpty || parameter == $0.key || parameter.hasPrefix($0.key + "/")
        }.max { $0.key.count < $1.key.count }?.value ?? 1
    }

    /// - Throws: `OptimizerError` for the first argument that makes no sense.
    func validate() throws {
        try rule.validate()
        if let rate = learningRate.constant, !(rate >= 0 && rate.isFinite) {
            throw OptimizerError(
                name, "learningRate is \(rate), expected a finite number, 0 or more")
        }
        if gradientAccumulationStepCount < 1 {
            throw OptimizerError(
                name,
                "gradientAccumulationStepCount is \(gradientAccumulationStepCount), expected 1 or "
                    + "more")
        }
        for (path, factor) in learningRateMultipliers where !(factor >= 0 && factor.isFinite) {
            throw OptimizerError(
                name,
                "learningRateMultipliers[\"\(path)\"] is \(factor), expected a finite number, "
                    + "0 or more")
        }
        try clipping?.validate()
        try weightDecay?.validate()
    }
}

/// What a learning-rate schedule counts.
public enum ScheduleClock: Hashable, Sendable {
    /// Every batch, as Keras.
    case steps
    /// Every change of the weights, as Hugging Face's `Trainer`.
    case updates
}

/// One tensor of optimizer state.
public struct OptimizerSlot: Hashable, Sendable {
    /// The name of the graph's input and of the saved tensor: `adam/first_moment/dense/kernel`.
    public var name: String
    public var type: TensorType
    /// What every element starts as.
    public var initialValue: Double
    /// The parameter it belongs to; nil for the learning rate.
    public var parameter: String?
}
