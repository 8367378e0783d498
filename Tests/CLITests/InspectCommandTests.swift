import MartletIR
import MartletJSON
import Testing

struct InspectCommandTests {
    @Test func passesAreListed() throws {
        let run = try CommandLine.run("inspect", "ag-news-transformer", "--json")
        let passes = try #require(JSONValue(parsing: run.output).arrayValue)
        let names = passes.compactMap { $0["pass"]?.stringValue }
        #expect(names.first == "trace")
        #expect(names.contains("differentiate"))
        #expect(Set(names).count == names.count)
        #expect(passes.allSatisfy { ($0["nodes"]?.integerValue ?? 0) > 10 })
    }

    @Test func theGraphAfterAPassIsTextThatParses() throws {
        let run = try CommandLine.run(
            "inspect", "ag-news-transformer", "--mode", "infer", "--after", "trace")
        #expect(run.exitCode == 0)
        let graph = try Graph(parsing: run.output)
        #expect(graph.outputs.count == 1)
        #expect(graph.text == run.output)
    }

    @Test func memoryIsNearItsLowerBound() throws {
        let run = try CommandLine.run("inspect", "ag-news-transformer", "--memory", "--json")
        let json = try JSONValue(parsing: run.output)
        let arena = try #require(json["arena_bytes"]?.doubleValue)
        let bound = try #require(json["lower_bound_bytes"]?.doubleValue)
        let naive = try #require(json["naive_bytes"]?.doubleValue)
        #expect(bound <= arena && arena <= 1.02 * bound && arena < naive)
        // The step goes over the batch in slices: their memory is what a core caches.
        let slice = try #require(json["slice_bytes"]?.doubleValue)
        #expect(slice > 100_000 && slice < 2_000_000)
    }

    @Test func stepsNameTheirLayers() throws {
        let run = try CommandLine.run(
            "inspect", "ag-news-transformer", "--mode", "infer", "--plan")
        #expect(run.exitCode == 0)
        #expect(run.output.contains("attention  @ transformer_block/attention"))
    }

    @Test func slicesOfTheBatchAreShown() throws {
        let run = try CommandLine.run("inspect", "ag-news-transformer", "--plan")
        #expect(run.exitCode == 0)
        #expect(
            run.output.contains(
                "for every 1 of batch <= 128, 16 groups of 8 slices, "))
        #expect(run.output.contains("end of the slices"))
    }

    @Test func anUnknownPassIsAUserError() throws {
        let run = try CommandLine.run("inspect", "ag-news-transformer", "--after", "fuse")
        #expect(run.exitCode == 2)
        #expect(
            run.message.hasPrefix(
                "Error: there is no pass \"fuse\" here; the passes are trace, simplify-algebra, "))
    }

    @Test(arguments: [
        (["--batch-size", "0"], "Error: --batch-size is 0, expected 1 or more"),
        (["--mode", "test"], "Error: The value 'test' is invalid for '--mode <mode>'"),
        (["--plan", "--memory"], "Error: choose one of --after, --memory and --plan"),
    ])
    func optionsThatMakeNoSenseAreUserErrors(options: [String], message: String) throws {
        let run = try CommandLine.run(["inspect", "ag-news-transformer"] + options)
        #expect(run.exitCode == 2)
        #expect(run.errors.hasPrefix(message))
    }

    @Test func sizesBeyondMemoryAreCountedOrRefused() throws {
        let counted = try CommandLine.run(
            "inspect", "ag-news-transformer", "--batch-size", "2147483647", "--memory")
        #expect(counted.exitCode == 0)
        let refused = try CommandLine.run(
            "inspect", "ag-news-transformer", "--sequence-length", "2147483647")
        #expect(refused.exitCode == 2)
        #expect(refused.errors.contains("has more bytes than fit 64 bits"))
    }
}
