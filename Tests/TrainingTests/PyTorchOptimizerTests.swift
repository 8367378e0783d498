import MartletIR
import MartletTraining
import TestSupport
import Testing

struct PyTorchOptimizerTests {
    private func optimizer(_ golden: OptimizerGolden) throws -> Optimizer {
        let config = golden.config
        let rate = try #require(config["lr"]?.double)
        var learningRate = LearningRate.constant(rate)
        if let schedule = config["schedule"] {
            learningRate = .linearWarmupAndDecay(
                peakLearningRate: rate,
                warmupStepCount: try #require(schedule["num_warmup_steps"]?.int),
                totalStepCount: try #require(schedule["num_training_steps"]?.int))
        }
        var optimizer = Optimizer.huggingFaceAdamW(
            learningRate: learningRate,
            weightDecay: config["weight_decay"]?.double
                ?? (golden.optimizer == "AdamW" ? 0.01 : 0),
            excludedFromWeightDecay: (golden.excludedNames ?? []).map { .path($0) },
            clipping: config["max_grad_norm"]?.double.map {
                .globalNorm($0, convention: .pyTorch)
            },
            learningRateMultipliers: (config["multipliers"]?.object ?? [:])
                .compactMapValues(\.double),
            gradientAccumulationStepCount: config["accumulation"]?.int ?? 1)
        if let epsilon = config["eps"]?.double {
            let clock = optimizer.scheduleClock
            optimizer = .adamW(
                learningRate: learningRate,
                weightDecay: optimizer.weightDecay?.rate ?? 0, epsilon: epsilon,
                epsilonForm: .biasCorrected)
            optimizer.scheduleClock = clock
        }
        return optimizer
    }

    @Test func tenStepsArePyTorch() throws {
        let cases = try GoldenFile<OptimizerGolden>.load("pytorch_optimizers").cases
        #expect(cases.count == 9)
        for golden in cases {
            let optimizer = try optimizer(golden)
            let period = optimizer.gradientAccumulationStepCount
            var number = 0
            try runSteps(optimizer, golden) { step, state in
                let rate = try optimizer.learningRate.value(at: number / period, dtype: .f64)
                number += 1
                let what = "\(golden.name), step \(number)"
                expectClose(rate, step.learningRate, "\(what), learning rate")
                for (variable, expected) in zip(golden.variables, step.parameters) {
                    let actual = try #require(state[variable.name])
                    expectClose(actual.elements, expected, "\(what), \(variable.name)")
                }
                for (name, expected) in zip(golden.slotNames, step.slots) {
                    let ours = try #require(slotName(name))
                    let actual = try #require(state[ours], "\(ours)")
                    expectClose(actual.elements, expected, "\(what), \(ours)")
                }
            }
            #expect(number == 10)
        }
    }

    /// `adamw/first_moment/classifier/kernel` for `classifier/kernel/exp_avg`.
    private func slotName(_ theirs: String) -> String? {
        for (suffix, slot) in [("/exp_avg", "first_moment"), ("/exp_avg_sq", "second_moment")]
        where theirs.hasSuffix(suffix) {
            return "adamw/\(slot)/\(theirs.dropLast(suffix.count))"
        }
        return nil
    }
}
