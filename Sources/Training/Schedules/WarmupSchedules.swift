import MartletIR

/// A linear rise from 0 to the peak, then a course over the steps that are left, as Hugging Face's
/// `get_…_schedule_with_warmup`.
struct WarmupSchedule: Schedule {
    enum Course: Sendable {
        case constant
        case linear
        /// `½ (1 + cos(2π · cycleCount · progress))`
        case cosine(cycleCount: Double)
    }

    var course: Course
    var peakLearningRate: Double
    var warmupStepCount: Int
    var totalStepCount: Int

    func emit(step: Value, _ dtype: DType, in b: GraphBuilder) throws -> Value {
        try OptimizerError.requireNotNegative(
            warmupStepCount, "warmupStepCount", of: "warm-up schedule")
        try OptimizerError.requireNotNegative(
            totalStepCount, "totalStepCount", of: "warm-up schedule")
        let step = try b.convert(step, to: dtype)
        let peak = try b.constant(peakLearningRate, dtype)
        let factor = try factor(step, dtype, b)
        if warmupStepCount == 0 { return try b.multiply(peak, factor) }
        let length = try b.constant(Double(warmupStepCount), dtype)
        let rising = try b.compare(.lt, step, length)
        return try b.multiply(peak, b.select(rising, b.divide(step, length), factor))
    }

    private func factor(_ step: Value, _ dtype: DType, _ b: GraphBuilder) throws -> Value {
        let left = Double(max(1, totalStepCount - warmupStepCount))
        let zero = try b.constant(0, dtype)
        switch course {
        case .constant: return try b.constant(1, dtype)
        case .linear:
            let remaining = try b.subtract(Double(totalStepCount), step)
            return try b.maximum(zero, b.divide(remaining, left))
        case .cosine(let cycleCount):
            let progress = try b.divide(b.add(step, -Double(warmupStepCount)), left)
            let cosine = try b.unary(.cosine, b.multiply(progress, 2 * .pi * cycleCount))
            return try b.maximum(zero, b.multiply(b.add(cosine, 1), 0.5))
        }
    }
}

extension LearningRate {
    /// A linear rise from 0 to the peak, then a linear fall to 0 at `totalStepCount`
    /// (Hugging Face's `get_linear_schedule_with_warmup`).
    public static func linearWarmupAndDecay(
        peakLearningRate: Double, warmupStepCount: Int, totalStepCount: Int
    ) -> LearningRate {
        LearningRate(
            WarmupSchedule(
                course: .linear, peakLearningRate: peakLearningRate,
                warmupStepCount: warmupStepCount, totalStepCount: totalStepCount))
    }

    /// A linear rise over a share of all steps, rounded up, then a linear fall to 0: what Hugging
    /// Face's `Trainer` does with `warmup_ratio`.
    public static func linearWarmupAndDecay(
        peakLearningRate: Double, warmupRatio: Double, totalStepCount: Int
    ) -> LearningRate {
        let share = min(max(warmupRatio, 0), 1)
        return linearWarmupAndDecay(
            peakLearningRate: peakLearningRate,
            warmupStepCount: Int((Double(totalStepCount) * share).rounded(.up)),
            totalStepCount: totalStepCount)
    }

    /// A linear rise from 0 to the peak, then the peak (`get_constant_schedule_with_warmup`).
    public static func constantWithWarmup(
        peakLearningRate: Double, warmupStepCount: Int
    ) -> LearningRate {
        LearningRate(
            WarmupSchedule(
                course: .constant, peakLearningRate: peakLearningRate,
                warmupStepCount: warmupStepCount, totalStepCount: 0))
    }

    /// A linear rise from 0 to the peak, then a cosine to 0 at `totalStepCount`
    /// (`get_cosine_schedule_with_warmup`).
    ///
    /// - Parameter cycleCount: waves of the cosine; half a one falls once.
    public static func cosineWarmupAndDecay(
        peakLearningRate: Double, warmupStepCount: Int, totalStepCount: Int,
        cycleCount: Double = 0.5
    ) -> LearningRate {
        LearningRate(
            WarmupSchedule(
                course: .cosine(cycleCount: cycleCount), peakLearningRate: peakLearningRate,
                warmupStepCount: warmupStepCount, totalStepCount: totalStepCount))
    }
}
