import ArgumentParser
import Foundation
import Martlet
import MartletGraphs
import MartletJSON

struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Time a model's steps on random weights and inputs.",
        discussion: """
            Floating-point operations are those of matrix products and attention. The peak is the \
            fastest product of two 1,024 × 1,024 matrices on the same threads. With --profile, a \
            table of the slowest kernels follows: milliseconds of a step, the rates of all threads \
            together, elementwise operations counted too; taking the times costs a little.
            """)

    @OptionGroup var model: ModelArgument
    @OptionGroup var sizes: SizeOptions
    @OptionGroup var threads: ThreadOption

    @OptionGroup var passes: PassOptions
    @OptionGroup var backend: BackendOption

    @Option(help: "How long to measure.")
    var seconds = 5.0

    @Option(
        help: "Take the weights from a safetensors file, named as in Benchmarks/peers/models.py.")
    var weights: String?

    @Option(help: "Take token ids and labels from a safetensors file.")
    var inputs: String?

    @Option(help: "Write the probabilities to a .npy file instead of timing (--mode infer).")
    var outputs: String?

    @OptionGroup var profile: ProfileOption
    @OptionGroup var json: JSONOption

    func validate() throws {
        guard seconds >= 0, seconds <= 86_400 else {
            throw ValidationError("--seconds is \(seconds), expected 0 to 86400")
        }
    }

    func run() throws {
        let pool = try ThreadPool(threadCount: threads.count)
        let profile = try self.profile.begin()
        let step = try BenchmarkStep(
            model.entry, sizes, passes: passes, backend: backend, pool: pool, profile: profile)
        if let weights { try step.loadWeights(weights) }
        if let inputs { try step.loadInputs(inputs) }
        if let outputs {
            try step.writeOutputs(outputs)
            print(json.isOn ? "{\"outputs\":\(JSONValue.string(outputs).text())}" : outputs)
            return
        }
        let timing = try Timing(seconds: seconds, profile: profile) { try step.run() }
        try self.profile.finish(profile, model: model.model)
        try show(result(step, timing, pool), profile)
    }

    private func result(
        _ step: BenchmarkStep, _ timing: Timing, _ pool: ThreadPool
    ) throws -> JSONObject {
        let rate = step.floatingPointOperationCount / (timing.median * 1e-3)
        let peak = try Machine.peakFloatingPointRate(pool: pool)
        let sequenceLength = sizes.sequenceLength.map { JSONValue.integer($0) } ?? .null
        let cpu = backend.cpu.map { JSONValue.string($0) } ?? .null
        return JSONObject([
            ("model", .string(model.model)), ("mode", .string(sizes.mode.rawValue)),
            ("batch_size", .integer(sizes.batchSize)),
            ("sequence_length", sequenceLength),
            ("dtype", .string(passes.dtype.rawValue)),
            ("backend", .string(backend.backend.rawValue)), ("cpu", cpu),
            ("threads", .integer(pool.threadCount)),
            ("milliseconds_per_step", .number(timing.median)),
            ("minimum_milliseconds", .number(timing.minimum)),
            ("steps", .integer(timing.milliseconds.count)), ("gflops", .number(rate / 1e9)),
            ("percent_of_peak", .number(100 * rate / peak)),
            ("arena_bytes", .integer(step.arenaByteCount.taken)),
            ("lower_bound_bytes", .integer(step.arenaByteCount.lowerBound)),
            ("compile_milliseconds", .number(step.compileMilliseconds)),
            ("peak_memory_bytes", .integer(Machine.peakMemoryByteCount)),
        ])
    }

    private func show(_ result: JSONObject, _ profile: PlanProfile?) {
        let kernels = profile.map { KernelTable($0) }
        if json.isOn {
            var result = result
            result["kernels"] = kernels?.json
            print(JSONValue.object(result).text())
        } else {
            print(Self.table(result))
            if let kernels { print("\n" + kernels.text) }
        }
    }

    /// A line for each member, numbers aligned.
    private static func table(_ result: JSONObject) -> String {
        let width = result.keys.map(\.count).max() ?? 0
        return result.members.filter { $0.value != .null }.map { member in
            let name = member.key.replacing("_", with: " ")
                .padding(toLength: width, withPad: " ", startingAt: 0)
            let value =
                switch member.value {
                case .number(let number): number.formatted(.number.precision(.fractionLength(2)))
                case .integer(let integer): integer.formatted()
                case .string(let text): text
                default: ""
                }
            return "\(name)  \(value)"
        }.joined(separator: "\n")
    }
}
