import MartletIR

/// The learning rate of an optimizer: a number that callbacks may change between epochs, or a
/// schedule over the steps.
///
/// ```swift
/// .sgd(learningRate: 0.1)
/// .adam(learningRate: .polynomialDecay(initialLearningRate: 1e-3, decayStepCount: 10_000))
/// ```
public struct LearningRate: Sendable {
    enum Kind {
        case constant(Double)
        case schedule(any Schedule)
    }

    let kind: Kind

    /// A rate of one's own formula.
    public init(_ schedule: any Schedule) { kind = .schedule(schedule) }

    private init(kind: Kind) { self.kind = kind }

    /// The same rate at every step; it lives beside the optimizer's slots and can be set.
    public static func constant(_ value: Double) -> LearningRate {
        LearningRate(kind: .constant(value))
    }

    /// The rate itself where it is one number.
    public var constant: Double? { if case .constant(let value) = kind { value } else { nil } }

    /// The schedule where there is one.
    public var schedule: (any Schedule)? {
        if case .schedule(let schedule) = kind { schedule } else { nil }
    }

    /// The steps of the warm-up, 0 without one.
    public var warmupStepCount: Int { schedule?.warmupStepCount ?? 0 }

    /// The rates at steps, counted from 0: the graph's own formula, evaluated on the host.
    ///
    /// - Throws: `OptimizerError` for a negative step or an unusable schedule.
    public func values(at steps: [Int], dtype: DType = .f32) throws -> [Double] {
        try steps.map { try value(at: $0, dtype: dtype) }
    }

    /// The rate at a step, counted from 0.
    public func value(at step: Int, dtype: DType = .f32) throws -> Double {
        guard step >= 0 else {
            throw OptimizerError("learning rate", "step \(step) is negative; steps count from 0")
        }
        switch kind {
        case .constant(let value): return dtype == .f32 ? Double(Float(value)) : value
        case .schedule(let schedule):
            let builder = GraphBuilder(name: "schedule")
            let type = TensorType(.i64, .scalar)
            let input = try builder.append(.input(Input("step", role: .step, type: type)))
            builder.output("rate", try schedule.emit(step: input, dtype, in: builder))
            let given = ReferenceTensor(.i64, shape: [], elements: [Double(step)])
            let results = try ReferenceInterpreter().run(builder.build(), ["step": given])
            return results["rate"]?.elements.first ?? .nan
        }
    }
}

extension LearningRate: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
    public init(floatLiteral value: Double) { self = .constant(value) }
    public init(integerLiteral value: Int) { self = .constant(Double(value)) }
}

/// A learning rate as a function of the step, written as IR: one definition serves the training
/// graph and the host.
public protocol Schedule: Sendable {
    /// Appends the rate at a step.
    ///
    /// - Parameters:
    ///   - step: the number of steps done so far, an i64 scalar.
    ///   - dtype: the float type of the rate.
    /// - Throws: `OptimizerError` where an argument of the schedule makes no sense.
    func emit(step: Value, _ dtype: DType, in builder: GraphBuilder) throws -> Value

    /// The steps of the warm-up, 0 without one.
    var warmupStepCount: Int { get }
}

extension Schedule {
    public var warmupStepCount: Int { 0 }
}

extension OptimizerError {
    static func requirePositive(
        _ count: Int, _ argument: String, of schedule: String
    ) throws(OptimizerError) {
        guard count > 0 else {
            throw OptimizerError(schedule, "\(argument) is \(count), expected 1 or more")
        }
    }

    static func requireNotNegative(
        _ count: Int, _ argument: String, of schedule: String
    ) throws(OptimizerError) {
        guard count >= 0 else {
            throw OptimizerError(schedule, "\(argument) is \(count), expected 0 or more")
        }
    }
}
