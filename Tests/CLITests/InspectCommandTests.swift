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

    @Test func aPassCanBeLeftOut() throws {
        func names(_ options: String...) throws -> [String] {
            let run = try CommandLine.run(["inspect", "ag-news-transformer", "--json"] + options)
            let passes = try #require(JSONValue(parsing: run.output).arrayValue)
            return passes.compactMap { $0["pass"]?.stringValue }
        }
        let without = try names("--without", "fuse-attention", "--without", "fuse-gelu")
        #expect(try without == names().filter { $0 != "fuse-attention" && $0 != "fuse-gelu" })
        let refused = try CommandLine.run(
            "inspect", "ag-news-transformer", "--without", "fuse-attentoin")
        #expect(refused.exitCode == 2)
        #expect(refused.message.contains("there is no pass \"fuse-attentoin\" to leave out"))
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
        #expect(
            run.output.contains(
                "attention  @ transformer_block/attention\n    by   attention."))
    }

    @Test func kernelsAreListedOnceForTheirCode() throws {
        let run = try CommandLine.run(
            "inspect", "ag-news-transformer", "--mode", "infer", "--emit", "asm", "--json")
        let kernels = try #require(JSONValue(parsing: run.output).arrayValue)
        let names = kernels.compactMap { $0["kernel"]?.stringValue }
        #expect(Set(names).count == kernels.count)
        let (query, key) = try (
            #require(kernels.first { $0["path"] == "transformer_block/attention/query" }),
            #require(kernels.first { $0["path"] == "transformer_block/attention/key" })
        )
        #expect(query["interpreted"] == false)
        #expect((query["parts"]?.integerValue ?? 0) > 1)
        #expect(key["same_code_as"] == query["kernel"])
    }

    @Test(arguments: ["x86-64-v3", "x86-64-v4"]) func codeIsThatOfTheCPU(cpu: String) throws {
        func code(_ form: String) throws -> String {
            let inspect = ["inspect", "ag-news-transformer", "--mode", "infer", "--cpu", cpu]
            let run = try CommandLine.run(inspect + ["--emit", form, "--json"])
            let kernels = try #require(JSONValue(parsing: run.output).arrayValue)
            let attention = try #require(
                kernels.compactMap { $0["kernel"]?.stringValue }.first {
                    $0.hasPrefix("attention.")
                })
            return try CommandLine.run(inspect + ["--emit", form, "--kernel", attention]).output
        }
        let lanes = cpu == "x86-64-v4" ? 16 : 8
        #expect(try code("loops").hasPrefix("kernel attention."))
        #expect(try code("loops").contains("f32x\(lanes)"))
        #expect(try code("llvm").contains("<\(lanes) x float>"))
        let assembly = try code("asm")
        #expect(assembly.contains("vfmadd") && assembly.contains("%ymm1"))
        #expect(assembly.contains("%zmm1") == (lanes == 16))
    }

    @Test func unknownKernelsAndCPUsAreUserErrors() throws {
        let inspect = ["inspect", "ag-news-transformer", "--mode", "infer"]
        let kernel = try CommandLine.run(inspect + ["--emit", "asm", "--kernel", "atention.7"])
        #expect(kernel.exitCode == 2)
        #expect(
            kernel.message.hasPrefix(
                "Error: there is no kernel \"atention.7\" in this plan; the nearest names are "
                    + "attention."))
        let cpu = try CommandLine.run(inspect + ["--emit", "asm", "--cpu", "pentium"])
        #expect(cpu.exitCode == 2)
        #expect(
            cpu.message
                == "Error: unknown CPU \"pentium\"; use one of native, generic, x86-64, x86-64-v2, "
                + "x86-64-v3, x86-64-v4")
        let interpreted = try CommandLine.run(
            "bench", "ag-news-transformer", "--cpu", "generic", "--backend", "interpreted")
        #expect(interpreted.exitCode == 2)
        #expect(
            interpreted.message
                == "Error: CPU \"generic\": the backend interpreted makes no code for a CPU; leave "
                + "the CPU out, or choose the backend jit")
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
        (["--kernel", "a"], "Error: --kernel is given without --emit"),
        (["--plan", "--memory"], "Error: choose one of --after, --emit, --memory and --plan"),
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
