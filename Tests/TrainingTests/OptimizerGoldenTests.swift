import MartletIR
import MartletPasses
import MartletTraining
import TestSupport
import Testing

struct OptimizerGoldenTests {
    private func optimizer(_ golden: OptimizerGolden) throws -> Optimizer? {
        let config = golden.config
        func number(_ name: String, _ standard: Double) -> Double {
            config[name]?.double ?? standard
        }
        guard config["use_ema"] == nil, config["amsgrad"] == nil else { return nil }
        var rate: LearningRate = golden.optimizer == "SGD" ? 0.01 : 0.001
        if let value = config["learning_rate"]?.double {
            rate = .constant(value)
        } else if let name = config["learning_rate"]?["schedule"]?.string,
            let schedule = config["learning_rate"]?["config"]
        {
            rate = try LearningRate(golden: name, schedule)
        }
        var clipping: GradientClipping?
        if let limit = config["clipnorm"]?.double { clipping = .norm(limit) }
        if let limit = config["clipvalue"]?.double { clipping = .value(limit) }
        if let limit = config["global_clipnorm"]?.double { clipping = .globalNorm(limit) }
        let excluded =
            (golden.excludedNames ?? []).map { ParameterPattern.path($0) }
            + (golden.excludedVariables ?? []).map { ParameterPattern.parameter($0) }
        let accumulation = config["gradient_accumulation_steps"]?.int ?? 1
        switch golden.optimizer {
        case "SGD":
            return .sgd(
                learningRate: rate, momentum: number("momentum", 0),
                isNesterov: config["nesterov"]?.bool ?? false,
                weightDecay: config["weight_decay"]?.double, excludedFromWeightDecay: excluded,
                clipping: clipping, gradientAccumulationStepCount: accumulation)
        case "Adam":
            return .adam(
                learningRate: rate, beta1: number("beta_1", 0.9), beta2: number("beta_2", 0.999),
                epsilon: number("epsilon", 1e-7), weightDecay: config["weight_decay"]?.double,
                excludedFromWeightDecay: excluded, clipping: clipping,
                gradientAccumulationStepCount: accumulation)
        case "AdamW":
            return .adamW(
                learningRate: rate, weightDecay: number("weight_decay", 0.004),
                excludedFromWeightDecay: excluded, epsilon: number("epsilon", 1e-7),
                clipping: clipping, gradientAccumulationStepCount: accumulation)
        default: return nil
        }
    }

    /// Our name of a slot for Keras's: `adam_1/dense_kernel_velocity`.
    private func slotName(_ keras: String, _ golden: OptimizerGolden) -> String? {
        let prefix = golden.optimizer.lowercased()
        let slots = [
            "momentum": golden.optimizer == "SGD" ? "momentum" : "first_moment",
            "velocity": "second_moment", "gradient_accumulator": "gradient_accumulator",
        ]
        for variable in golden.variables {
            let path = variable.name.replacing("/", with: "_")
            for (theirs, ours) in slots where keras.hasSuffix("/\(path)_\(theirs)") {
                return "\(prefix)/\(ours)/\(variable.name)"
            }
        }
        return nil
    }

    @Test func tenStepsAreKeras() throws {
        var (caseCount, slotCount) = (0, 0)
        for golden in try GoldenFile<OptimizerGolden>.load("optimizers").cases {
            guard let optimizer = try optimizer(golden) else { continue }
            caseCount += 1
            let names = golden.slotNames.map { slotName($0, golden) }
            var number = 0
            try runSteps(optimizer, golden) { step, state in
                number += 1
                let what = "\(golden.name), step \(number)"
                let rate = try optimizer.learningRate.value(at: number - 1)
                expectClose(rate, step.learningRate, "\(what), learning rate")
                for (variable, expected) in zip(golden.variables, step.parameters) {
                    let actual = try #require(state[variable.name])
                    expectClose(
                        actual.elements, expected, shape: actual.shape,
                        tolerance: Tolerance(relative: 1e-5, absolute: 1e-6),
                        "\(what), \(variable.name)")
                }
                for (name, expected) in zip(names, step.slots) {
                    guard let name else { continue }
                    slotCount += 1
                    let actual = try #require(state[name], "\(name)")
                    expectClose(actual.elements, expected, "\(what), \(name)")
                }
            }
        }
        #expect(caseCount == 32)
        #expect(slotCount > 1_000)
    }

    @Test func modelGardenIsItsCreateOptimizer() throws {
        let cases = try GoldenFile<OptimizerGolden>.load("optimizers").cases
        let golden = try #require(cases.first { $0.name == "AdamW/create_optimizer" })
        let optimizer = Optimizer.modelGardenAdamW(
            initialLearningRate: 0.1, totalStepCount: 10, warmupStepCount: 3)
        var number = 0
        try runSteps(optimizer, golden) { step, state in
            number += 1
            for (variable, expected) in zip(golden.variables, step.parameters) {
                let actual = try #require(state[variable.name])
                expectClose(actual.elements, expected, "\(variable.name), step \(number)")
            }
        }
        #expect(number == 10)
    }
}
