import MartletIR

/// `initial · rate^(step / steps)` or `initial / (1 + rate · step / steps)`, as Keras's
/// `ExponentialDecay` and `InverseTimeDecay`.
struct RateDecay: Schedule {
    enum Kind: String, Sendable {
        case exponential = "exponential decay"
        case inverseTime = "inverse time decay"
    }

    var kind: Kind
    var initialLearningRate: Double
    var decayStepCount: Int
    var decayRate: Double
    var isStaircase: Bool

    func emit(step: Value, _ dtype: DType, in b: GraphBuilder) throws -> Value {
        try OptimizerError.requirePositive(decayStepCount, "decayStepCount", of: kind.rawValue)
        let initial = try b.constant(initialLearningRate, dtype)
        let rate = try b.constant(decayRate, dtype)
        var periods = try b.divide(b.convert(step, to: dtype), Double(decayStepCount))
        if isStaircase { periods = try b.unary(.floor, periods) }
        switch kind {
        case .exponential: return try b.multiply(initial, b.power(rate, periods))
        case .inverseTime: return try b.divide(initial, b.add(b.multiply(rate, periods), 1))
        }
    }
}

/// `values[i]` up to and including step `boundaries[i]`, as Keras's `PiecewiseConstantDecay`.
struct PiecewiseConstant: Schedule {
    var boundaries: [Int]
    var values: [Double]

    func emit(step: Value, _ dtype: DType, in b: GraphBuilder) throws -> Value {
        let name = "piecewise constant"
        guard let last = values.last, values.count == boundaries.count + 1 else {
            throw OptimizerError(
                name,
                "\(boundaries.count) boundaries need \(boundaries.count + 1) values, received "
                    + "\(values.count)")
        }
        guard zip(boundaries, boundaries.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw OptimizerError(name, "the boundaries \(boundaries) must rise")
        }
        var rate = try b.constant(last, dtype)
        for (boundary, value) in zip(boundaries, values).reversed() {
            let isBefore = try b.compare(.le, step, b.constant(Double(boundary), .i64))
            rate = try b.select(isBefore, b.constant(value, dtype), rate)
        }
        return rate
    }
}

extension LearningRate {
    /// `initial · rate^(step / steps)`; by whole periods only where it is a staircase.
    public static func exponentialDecay(
        initialLearningRate: Double, decayStepCount: Int, decayRate: Double,
        isStaircase: Bool = false
    ) -> LearningRate {
        LearningRate(
            RateDecay(
                kind: .exponential, initialLearningRate: initialLearningRate,
                decayStepCount: decayStepCount, decayRate: decayRate, isStaircase: isStaircase))
    }

    /// `initial / (1 + rate · step / steps)`; by whole periods only where it is a staircase.
    public static func inverseTimeDecay(
        initialLearningRate: Double, decayStepCount: Int, decayRate: Double,
        isStaircase: Bool = false
    ) -> LearningRate {
        LearningRate(
            RateDecay(
                kind: .inverseTime, initialLearningRate: initialLearningRate,
                decayStepCount: decayStepCount, decayRate: decayRate, isStaircase: isStaircase))
    }

    /// `values[i]` up to and including step `boundaries[i]`, the last value after them all.
    public static func piecewiseConstant(boundaries: [Int], values: [Double]) -> LearningRate {
        LearningRate(PiecewiseConstant(boundaries: boundaries, values: values))
    }
}
