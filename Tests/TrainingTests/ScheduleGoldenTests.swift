import MartletIR
import MartletTraining
import TestSupport
import Testing

struct ScheduleGoldenTests {
    @Test func ratesAreKerasAndHuggingFace() throws {
        for golden in try GoldenFile<ScheduleGolden>.load("schedules").cases {
            let rate = try LearningRate(golden: golden.schedule, golden.config)
            let isDouble = golden.schedule.hasSuffix("_with_warmup")
            let values = try rate.values(at: golden.steps, dtype: isDouble ? .f64 : .f32)
            // Near the end of a cosine, cos x + 1 leaves few digits of a small number.
            expectClose(
                values, golden.values, tolerance: Tolerance(relative: 2e-6, absolute: 1e-9),
                golden.name)
        }
    }

    @Test func warmupIsKnown() {
        let rate = LearningRate.warmupPolynomialDecay(
            initialLearningRate: 3e-5, totalStepCount: 360_000, warmupStepCount: 36_000)
        #expect(rate.warmupStepCount == 36_000)
        #expect(LearningRate.constant(0.1).warmupStepCount == 0)
    }

    @Test(arguments: [
        (
            LearningRate.polynomialDecay(initialLearningRate: 1, decayStepCount: 0),
            "polynomial decay: decayStepCount is 0, expected 1 or more"
        ),
        (
            .piecewiseConstant(boundaries: [3, 2], values: [1, 2, 3]),
            "piecewise constant: the boundaries [3, 2] must rise"
        ),
        (
            .piecewiseConstant(boundaries: [3], values: [1]),
            "piecewise constant: 1 boundaries need 2 values, received 1"
        ),
    ])
    func unusableSchedules(_ rate: LearningRate, _ message: String) {
        let error = #expect(throws: OptimizerError.self) { try rate.value(at: 0) }
        #expect(error?.description == message)
    }

    @Test func negativeStep() {
        let error = #expect(throws: OptimizerError.self) {
            try LearningRate.constant(1).value(at: -1)
        }
        #expect(
            error?.description == "learning rate: step -1 is negative; steps count from 0")
    }
}

extension LearningRate {
    /// The rate a golden file describes in Keras's or Hugging Face's names.
    init(golden schedule: String, _ config: JSONValue) throws {
        func number(_ name: String, _ standard: Double) -> Double {
            config[name]?.double ?? standard
        }
        func count(_ name: String) -> Int { config[name]?.int ?? 0 }
        let initial = number("initial_learning_rate", 0)
        let peak = number("learning_rate", 0)
        switch schedule {
        case "PolynomialDecay":
            self = .polynomialDecay(
                initialLearningRate: initial, decayStepCount: count("decay_steps"),
                endLearningRate: number("end_learning_rate", 1e-4), power: number("power", 1),
                cycles: config["cycle"]?.bool ?? false)
        case "CosineDecay":
            self = .cosineDecay(
                initialLearningRate: initial, decayStepCount: count("decay_steps"),
                alpha: number("alpha", 0), warmupTarget: config["warmup_target"]?.double,
                warmupStepCount: count("warmup_steps"))
        case "CosineDecayRestarts":
            self = .cosineDecayRestarts(
                initialLearningRate: initial, firstDecayStepCount: count("first_decay_steps"),
                lengthFactor: number("t_mul", 2), peakFactor: number("m_mul", 1),
                alpha: number("alpha", 0))
        case "ExponentialDecay":
            self = .exponentialDecay(
                initialLearningRate: initial, decayStepCount: count("decay_steps"),
                decayRate: number("decay_rate", 0),
                isStaircase: config["staircase"]?.bool ?? false)
        case "InverseTimeDecay":
            self = .inverseTimeDecay(
                initialLearningRate: initial, decayStepCount: count("decay_steps"),
                decayRate: number("decay_rate", 0),
                isStaircase: config["staircase"]?.bool ?? false)
        case "PiecewiseConstantDecay":
            self = .piecewiseConstant(
                boundaries: config["boundaries"]?.ints ?? [],
                values: config["values"]?.array?.compactMap(\.double) ?? [])
        case "create_optimizer":
            self = .warmupPolynomialDecay(
                initialLearningRate: number("init_lr", 0),
                totalStepCount: count("num_train_steps"),
                warmupStepCount: count("num_warmup_steps"), endLearningRate: number("end_lr", 0),
                power: number("poly_power", 1))
        case "linear_schedule_with_warmup":
            self = .linearWarmupAndDecay(
                peakLearningRate: peak, warmupStepCount: count("num_warmup_steps"),
                totalStepCount: count("num_training_steps"))
        case "constant_schedule_with_warmup":
            self = .constantWithWarmup(
                peakLearningRate: peak, warmupStepCount: count("num_warmup_steps"))
        case "cosine_schedule_with_warmup":
            self = .cosineWarmupAndDecay(
                peakLearningRate: peak, warmupStepCount: count("num_warmup_steps"),
                totalStepCount: count("num_training_steps"))
        default: throw UnknownGolden(name: schedule)
        }
    }
}

struct UnknownGolden: Error { let name: String }
