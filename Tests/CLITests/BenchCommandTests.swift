import Foundation
import MartletInterchange
import MartletJSON
import Testing

struct BenchCommandTests {
    private let small = [
        "bench", "ag-news-transformer", "--batch-size", "2", "--sequence-length", "8", "--seconds",
        "0",
    ]

    @Test(arguments: ["train", "infer"]) func printsWhatTheBenchmarksRead(mode: String) throws {
        let run = try CommandLine.run(small + ["--mode", mode, "--threads", "1", "--json"])
        #expect(run.exitCode == 0, "\(run.errors)")
        let json = try JSONValue(parsing: run.output)
        for key in [
            "milliseconds_per_step", "gflops", "percent_of_peak", "arena_bytes",
            "lower_bound_bytes", "compile_milliseconds", "peak_memory_bytes",
        ] {
            #expect(try #require(json[key]?.doubleValue) > 0, "\(key)")
        }
        #expect(json["threads"] == 1)
        #expect(json["mode"] == .string(mode))
        #expect(run.output.split(separator: "\n").count == 1)
    }

    @Test func profilesAreChromeTracesOfThePlansKernels() throws {
        let folder = try TemporaryFolder()
        let trace = folder.path("trace.json")
        let run = try CommandLine.run(
            small + ["--threads", "2", "--cpu", "x86-64-v3", "--profile", trace, "--json"])
        #expect(run.exitCode == 0, "\(run.errors)")
        let json = try JSONValue(parsing: run.output)
        #expect(json["cpu"] == "x86-64-v3")
        let steps = try #require(json["steps"]?.integerValue)
        let kernels = try #require(json["kernels"]?.arrayValue)
        let times = kernels.compactMap { $0["milliseconds"]?.doubleValue }
        #expect(times.count == kernels.count && times == times.sorted(by: >))

        let listed = try CommandLine.run(
            "inspect", "ag-news-transformer", "--batch-size", "2", "--sequence-length", "8",
            "--emit", "asm", "--cpu", "x86-64-v3", "--json")
        let names = try #require(JSONValue(parsing: listed.output).arrayValue)
            .compactMap { $0["kernel"]?.stringValue }
        let text = try String(contentsOf: folder.url("trace.json"), encoding: .utf8)
        let events = try #require(JSONValue(parsing: text)["traceEvents"]?.arrayValue)
        let slices = events.filter { $0["ph"] == "X" }
        let profiled = Set(slices.compactMap { $0["name"]?.stringValue })
        #expect(Set(kernels.compactMap { $0["kernel"]?.stringValue }) == profiled)
        let kernelNames = profiled.filter {
            !$0.hasPrefix("sumPartials.") && !$0.hasPrefix("prologue.")
        }
        #expect(kernelNames.isSubset(of: names))
        let attention = slices.filter { $0["name"]?.stringValue?.hasPrefix("attention.") == true }
        #expect(Set(attention.compactMap { $0["args"]?["run"] }).count == Int(steps))
        // 2 rows, 2 heads, 8 × 8 positions of 32 elements, two products.
        let operations = attention.compactMap { $0["args"]?["flops"]?.doubleValue }.reduce(0, +)
        #expect(operations == Double(steps) * 4 * 2 * 2 * 8 * 8 * 32)
        #expect(attention.allSatisfy { $0["args"]?["path"] == "transformer_block/attention" })
        #expect(slices.allSatisfy { ($0["dur"]?.doubleValue ?? -1) >= 0 })
    }

    @Test(arguments: ["jit", "interpreted"])
    func bfloat16RoundsTheProductsOnly(backend: String) throws {
        let folder = try TemporaryFolder()
        func probabilities(_ dtype: String) throws -> [Float] {
            let file = folder.url("\(dtype).npy")
            let run = try CommandLine.run(
                small + [
                    "--mode", "infer", "--dtype", dtype, "--backend", backend, "--outputs",
                    file.path,
                ])
            #expect(run.exitCode == 0, "\(run.errors)")
            let data = try Data(contentsOf: file)
            return (0..<8).map { index in
                data.dropFirst(128 + 4 * index).withUnsafeBytes {
                    $0.loadUnaligned(as: Float.self)
                }
            }
        }
        let (full, rounded) = try (probabilities("float32"), probabilities("bfloat16"))
        #expect(full != rounded)
        for (a, b) in zip(full, rounded) { #expect(abs(a - b) < 4e-3) }
        let timed = try CommandLine.run(
            small + ["--dtype", "bfloat16", "--backend", backend, "--json"])
        #expect(try JSONValue(parsing: timed.output)["dtype"] == "bfloat16")
    }

    @Test func aProfileThatCannotBeWrittenIsAUserError() throws {
        let run = try CommandLine.run(small + ["--profile", "/no/such/folder/trace.json"])
        #expect(run.exitCode == 2)
        #expect(run.message == "Error: --profile: there is no folder /no/such/folder")
    }

    @Test func givenWeightsAndInputsDecideTheOutputs() throws {
        let folder = try TemporaryFolder()
        let inputs = folder.path("inputs.safetensors")
        let ids = (0..<16).flatMap { withUnsafeBytes(of: Int32($0 + 1), Array.init) }
        try SafetensorsFile.write(
            [SafetensorsTensor(name: "input_ids", dtype: .i32, shape: [2, 8], bytes: ids)],
            to: inputs)
        var outputs: [Data] = []
        for name in ["a.npy", "b.npy"] {
            let run = try CommandLine.run(
                small + ["--mode", "infer", "--inputs", inputs, "--outputs", folder.path(name)])
            #expect(run.exitCode == 0, "\(run.errors)")
            outputs.append(try Data(contentsOf: folder.url(name)))
        }
        #expect(outputs[0] == outputs[1])
        // A header of 128 bytes, 2 × 4 probabilities.
        #expect(outputs[0].count == 128 + 32)
        #expect(outputs[0].prefix(6) == Data([0x93] + Array("NUMPY".utf8)))
        let sum = (0..<4).map { index in
            outputs[0].dropFirst(128 + 4 * index).withUnsafeBytes {
                $0.loadUnaligned(as: Float.self)
            }
        }.reduce(0, +)
        #expect(abs(sum - 1) < 1e-5)
    }

    @Test func filesThatDoNotFitAreUserErrors() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("weights.safetensors")
        try SafetensorsFile.write(
            [SafetensorsTensor(name: "token_embedding", shape: [1], floats: [0])], to: path)
        let run = try CommandLine.run(small + ["--mode", "infer", "--weights", path])
        #expect(run.exitCode == 2)
        #expect(
            run.message
                == "Error: \(path): token_embedding has the shape [1], expected [20000, 32]")
        let missing = try CommandLine.run(small + ["--weights", folder.path("none")])
        #expect(missing.exitCode == 2)
        #expect(missing.message.contains("none"))
    }
}
