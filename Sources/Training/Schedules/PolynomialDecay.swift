import MartletIR

/// `(initial - end) · (1 - step / decaySteps)^power + end`, as Keras's `PolynomialDecay`.
struct PolynomialDecay: Schedule {
    var initialLearningRate: Double
    var decayStepCount: Int
    var endLearningRate: Double
    var power: Double
    var cycles: Bool

    func emit(step: Value, _ dtype: DType, in b: GraphBuilder) throws -> Value {
        try OptimizerError.requirePositive(
            decayStepCount, "decayStepCount", of: "polynomial decay")
        var step = try b.convert(step, to: dtype)
        var length = try b.constant(Double(decayStepCount), dtype)
        if cycles {
            // The decay is stretched to the first multiple of its length that is not yet past.
            let one = try b.constant(1, dtype)
            let isFirst = try b.compare(.eq, step, b.constant(0, dtype))
            let periods = try b.unary(.ceil, b.divide(step, length))
            length = try b.multiply(length, b.select(isFirst, one, periods))
        } else {
            step = try b.minimum(step, length)
        }
        let left = try b.subtract(1, b.divide(step, length))
        let initial = try b.constant(initialLearningRate, dtype)
        let end = try b.constant(endLearningRate, dtype)
        let share = try b.power(left, b.constant(power, dtype))
        return try b.add(b.multiply(b.subtract(initial, end), share), end)
    }
}

/// A linear rise from 0 over the first steps of another schedule, which is then joined where it
/// is, not restarted: TensorFlow Model Garden's `WarmUp`.
struct JoinedWarmup: Schedule {
    var initialLearningRate: Double
    var warmupStepCount: Int
    var decay: any Schedule

    func emit(step: Value, _ dtype: DType, in b: GraphBuilder) throws -> Value {
        try OptimizerError.requireNotNegative(
            warmupStepCount, "warmupStepCount", of: "warm-up")
        let decayed = try decay.emit(step: step, dtype, in: b)
        if warmupStepCount == 0 { return decayed }
        let done = try b.convert(step, to: dtype)
        let length = try b.constant(Double(warmupStepCount), dtype)
        let initial = try b.constant(initialLearningRate, dtype)
        let rising = try b.multiply(initial, b.divide(done, length))
        return try b.select(b.compare(.lt, done, length), rising, decayed)
    }
}

extension LearningRate {
    /// `(initial - end) · (1 - step / decaySteps)^power + end`, then `end` for ever.
    ///
    /// - Parameter cycles: whether the rate rises again: the decay is stretched to twice, three
    ///   times … its length each time it ends.
    public static func polynomialDecay(
        initialLearningRate: Double, decayStepCount: Int, endLearningRate: Double = 1e-4,
        power: Double = 1, cycles: Bool = false
    ) -> LearningRate {
        LearningRate(
            PolynomialDecay(
                initialLearningRate: initialLearningRate, decayStepCount: decayStepCount,
                endLearningRate: endLearningRate, power: power, cycles: cycles))
    }

    /// `initial · step / warmupSteps` during the warm-up, then the polynomial decay that began at
    /// step 0: so the rate drops when the warm-up ends. (TensorFlow Model Garden's
    /// `create_optimizer`.)
    public static func warmupPolynomialDecay(
        initialLearningRate: Double, totalStepCount: Int, warmupStepCount: Int,
        endLearningRate: Double = 0, power: Double = 1
    ) -> LearningRate {
        LearningRate(
            JoinedWarmup(
                initialLearningRate: initialLearningRate, warmupStepCount: warmupStepCount,
                decay: PolynomialDecay(
                    initialLearningRate: initialLearningRate, decayStepCount: totalStepCount,
                    endLearningRate: endLearningRate, power: power, cycles: false)))
    }
}
