import ArgumentParser
import Martlet
import MartletFiles
import MartletGraphs
import MartletJSON

struct SummaryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "summary", abstract: "Show a model's layers, shapes and weights.")

    @OptionGroup var model: ModelArgument
    @Option(help: "Also draw the graph of layers, into a file that ends in .svg or .html.")
    var diagram: String?

    @OptionGroup var json: JSONOption

    func validate() throws {
        if let diagram, !diagram.hasSuffix(".svg"), !diagram.hasSuffix(".html") {
            throw ValidationError(
                "--diagram is \"\(diagram)\", expected a name that ends in .svg or .html")
        }
    }

    func run() throws {
        let model = try model.entry.model()
        let summary = try model.summary()
        if let diagram {
            let drawn = try model.diagram()
            let text = diagram.hasSuffix(".svg") ? drawn.svg : drawn.html
            try AtomicFile.write(Array(text.utf8), to: diagram)
        }
        print(json.isOn ? summary.json.text() : summary.description)
    }
}

extension Summary {
    var json: JSONValue {
        let layers = rows.map { row -> JSONValue in
            [
                "name": .string(row.name), "class": .string(row.className),
                "output_shape": .string(row.outputShape),
                "parameters": .integer(row.parameterCount),
                "connected_to": .strings(row.connections),
            ]
        }
        return [
            "name": .string(modelName), "layers": .array(layers),
            "total_parameters": .integer(totalCount),
            "trainable_parameters": .integer(trainableCount),
            "non_trainable_parameters": .integer(nonTrainableCount),
        ]
    }
}
