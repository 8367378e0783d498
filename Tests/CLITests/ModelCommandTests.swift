import MartletJSON
import Testing

struct ModelCommandTests {
    @Test func modelsListsTheLessonsClassifier() throws {
        let text = try CommandLine.run("models")
        #expect(text.exitCode == 0)
        #expect(text.output.hasPrefix("ag-news-transformer"))
        #expect(text.output.contains("659,592 weights"))
        let json = try JSONValue(parsing: CommandLine.run("models", "--json").output)
        let model = try #require(json.arrayValue?.first)
        #expect(model["name"] == "ag-news-transformer")
        #expect(model["parameters"] == 659_592)
        #expect(model["classes"] == ["World", "Sports", "Business", "Sci/Tech"])
        let counts = json.arrayValue?.map { [$0["name"], $0["parameters"]] }
        #expect(counts?.contains(["bert-small", 4_782_980]) == true)
        #expect(counts?.contains(["bert-base", 109_485_316]) == true)
    }

    @Test func summaryCountsAsKeras() throws {
        let text = try CommandLine.run("summary", "ag-news-transformer")
        #expect(text.exitCode == 0)
        #expect(text.output.contains("Total params: 659,592"))
        let run = try CommandLine.run("summary", "ag-news-transformer", "--json")
        let json = try JSONValue(parsing: run.output)
        let counts = json["layers"]?.arrayValue?.compactMap { $0["parameters"]?.integerValue }
        #expect(counts?.filter { $0 > 0 } == [648_192, 10_656, 660, 84])
        #expect(json["trainable_parameters"] == 659_592)
        #expect(json["non_trainable_parameters"] == 0)
    }

    @Test func summaryDrawsTheLayers() throws {
        let folder = try TemporaryFolder()
        for (name, start) in [("model.svg", "<svg"), ("model.html", "<!doctype html")] {
            let run = try CommandLine.run(
                "summary", "ag-news-transformer", "--diagram", folder.path(name))
            #expect(run.exitCode == 0)
            let drawn = try String(contentsOf: folder.url(name), encoding: .utf8)
            #expect(drawn.lowercased().hasPrefix(start))
            #expect(drawn.contains("transformer_block"))
        }
        let refused = try CommandLine.run(
            "summary", "ag-news-transformer", "--diagram", folder.path("model.png"))
        #expect(refused.exitCode == 2)
        #expect(refused.errors.contains("expected a name that ends in .svg or .html"))
    }

    @Test func anUnknownModelIsAUserError() throws {
        let run = try CommandLine.run("summary", "ag-news")
        #expect(run.exitCode == 2)
        #expect(run.output.isEmpty)
        #expect(
            run.message.hasPrefix(
                "Error: there is no model \"ag-news\"; the models are ag-news-transformer"))
    }

    @Test func anUnknownOptionIsAUserError() throws {
        let run = try CommandLine.run("models", "--jsn")
        #expect(run.exitCode == 2)
        #expect(run.errors.contains("Unknown option '--jsn'. Did you mean '--json'?"))
    }

    @Test func helpIsNoError() throws {
        let run = try CommandLine.run("--help")
        #expect(run.exitCode == 0)
        #expect(run.errors.isEmpty)
        #expect(run.output.contains("USAGE: martlet <subcommand>"))
    }
}
