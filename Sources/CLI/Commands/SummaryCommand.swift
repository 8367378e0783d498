import ArgumentParser
import Martlet
import MartletGraphs
import MartletJSON

struct SummaryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "summary", abstract: "Show a model's layers, shapes and weights.")

    @OptionGroup var model: ModelArgument
    @OptionGroup var json: JSONOption

    func run() throws {
        let summary = try model.entry.model().summary()
        print(json.isOn ? summary.json.text(.indented) : summary.description)
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
