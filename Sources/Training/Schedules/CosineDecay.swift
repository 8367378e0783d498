import MartletIR

/// Half a cosine from the peak to `alpha` times it, after a linear warm-up if there is a target,
/// as Keras's `CosineDecay` (Loshchilov and Hutter, 2016, arXiv 1608.03983).
struct CosineDecay: Schedule {
    var initialLearningRate: Double
    var decayStepCount: Int
    var alpha: Double
    var warmupTarget: Double?
    var givenWarmupStepCount: Int

    /// Without a target, Keras ignores the warm-up's steps.
    var warmupStepCount: Int { warmupTarget == nil ? 0 : givenWarmupStepCount }

    func emit(step: Value, _ dtype: DType, in b: GraphBuilder) throws -> Value {
        try OptimizerError.requirePositive(decayStepCount, "decayStepCount", of: "cosine decay")
        try OptimizerError.requireNotNegative(
            givenWarmupStepCount, "warmupStepCount", of: "cosine decay")
        let step = try b.convert(step, to: dtype)
        let length = try b.constant(Double(decayStepCount), dtype)
        let initial = try b.constant(initialLearningRate, dtype)
        guard let warmupTarget else {
            return try decay(b.minimum(step, length), length, from: initial, b)
        }
        let warmup = try b.constant(Double(warmupStepCount), dtype)
        let peak = try b.constant(warmupTarget, dtype)
        let done = try b.minimum(step, b.add(length, warmup))
        let decayed = try decay(b.subtract(done, warmup), length, from: peak, b)
        if warmupStepCount == 0 { return decayed }
        let rise = try b.multiply(b.subtract(peak, initial), b.divide(done, warmup))
        return try b.select(b.compare(.lt, done, warmup), b.add(rise, initial), decayed)
    }

    private func decay(
        _ step: Value, _ length: Value, from rate: Value, _ b: GraphBuilder
    ) throws -> Value {
        let cosine = try b.unary(.cosine, b.multiply(b.divide(step, length), .pi))
        let half = try b.multiply(b.add(cosine, 1), 0.5)
        return try b.multiply(rate, b.add(b.multiply(half, 1 - alpha), alpha))
    }
}

/// Cosine decays one after another, as Keras's `CosineDecayRestarts`.
struct CosineDecayRestarts: Schedule {
    var initialLearningRate: Double
    var firstDecayStepCount: Int
    var lengthFactor: Double
    var peakFactor: Double
    var alpha: Double

    func emit(step: Value, _ dtype: DType, in b: GraphBuilder) throws -> Value {
        let name = "cosine decay with restarts"
        try OptimizerError.requirePositive(
            firstDecayStepCount, "firstDecayStepCount", of: name)
        guard lengthFactor >= 1 else {
            throw OptimizerError(
                name, "lengthFactor is \(lengthFactor), expected 1 or more")
        }
        let step = try b.convert(step, to: dtype)
        let fraction = try b.divide(step, Double(firstDecayStepCount))
        let (restarts, done) = try position(fraction, dtype, b)
        let factor = try b.power(b.constant(peakFactor, dtype), restarts)
        let cosine = try b.unary(.cosine, b.multiply(done, .pi))
        let half = try b.multiply(b.multiply(factor, 0.5), b.add(cosine, 1))
        let decayed = try b.add(b.multiply(half, 1 - alpha), alpha)
        return try b.multiply(decayed, initialLearningRate)
    }

    /// How many decays are over, and which share of the current one.
    private func position(
        _ fraction: Value, _ dtype: DType, _ b: GraphBuilder
    ) throws -> (restarts: Value, done: Value) {
        if lengthFactor == 1 {
            let restarts = try b.unary(.floor, fraction)
            return (restarts, try b.subtract(fraction, restarts))
        }
        // The lengths are a geometric series: t restarts take (1 - f^t) / (1 - f) first lengths.
        let base = try b.constant(lengthFactor, dtype)
        let reached = try b.subtract(1, b.multiply(fraction, 1 - lengthFactor))
        let restarts = try b.unary(
            .floor, b.divide(b.unary(.log, reached), b.unary(.log, base)))
        let length = try b.power(base, restarts)
        let sum = try b.divide(b.subtract(1, length), 1 - lengthFactor)
        return (restarts, try b.divide(b.subtract(fraction, sum), length))
    }
}

extension LearningRate {
    /// Half a cosine from the initial rate (or the warm-up's target) down to `alpha` times it.
    ///
    /// - Parameters:
    ///   - warmupTarget: the rate a linear warm-up from the initial rate ends at; nil for none.
    ///   - warmupStepCount: its length; the decay's steps are counted after it.
    public static func cosineDecay(
        initialLearningRate: Double, decayStepCount: Int, alpha: Double = 0,
        warmupTarget: Double? = nil, warmupStepCount: Int = 0
    ) -> LearningRate {
        LearningRate(
            CosineDecay(
                initialLearningRate: initialLearningRate, decayStepCount: decayStepCount,
                alpha: alpha, warmupTarget: warmupTarget, givenWarmupStepCount: warmupStepCount))
    }

    /// Cosine decays one after another.
    ///
    /// - Parameters:
    ///   - lengthFactor: how much longer each decay is than the one before (Keras's `t_mul`).
    ///   - peakFactor: how much higher each begins (`m_mul`).
    public static func cosineDecayRestarts(
        initialLearningRate: Double, firstDecayStepCount: Int, lengthFactor: Double = 2,
        peakFactor: Double = 1, alpha: Double = 0
    ) -> LearningRate {
        LearningRate(
            CosineDecayRestarts(
                initialLearningRate: initialLearningRate,
                firstDecayStepCount: firstDecayStepCount, lengthFactor: lengthFactor,
                peakFactor: peakFactor, alpha: alpha))
    }
}
