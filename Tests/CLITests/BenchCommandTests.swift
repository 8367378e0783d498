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
