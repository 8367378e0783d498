import ArgumentParser
import Foundation
import Martlet
import MartletGraphs
import MartletJSON

struct ModelsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "models", abstract: "List the models that can be named.")

    @OptionGroup var json: JSONOption

    func run() throws {
        let rows = try ModelCatalog.entries.map { entry in
            (entry, count: try entry.model().parameters.map(\.elementCount).reduce(0, +))
        }
        if json.isOn {
            let models = rows.map { entry, count -> JSONValue in
                [
                    "name": .string(entry.name), "abstract": .string(entry.abstract),
                    "parameters": .integer(count), "classes": .strings(entry.classNames),
                ]
            }
            let fineTuned: JSONValue = [
                "name": .string(FineTuningOptions.modelName),
                "abstract": .string(FineTuningOptions.abstract), "parameters": .null,
                "classes": .strings(AGNewsReader.classNames),
            ]
            print(JSONValue.array(models + [fineTuned]).text())
            return
        }
        let width = max(
            rows.map(\.0.name.count).max() ?? 0, FineTuningOptions.modelName.count)
        for (entry, count) in rows {
            let name = entry.name.padding(toLength: width, withPad: " ", startingAt: 0)
            print("\(name)  \(entry.abstract) (\(count.formatted()) weights)")
        }
        let name = FineTuningOptions.modelName.padding(
            toLength: width, withPad: " ", startingAt: 0)
        print("\(name)  \(FineTuningOptions.abstract); train --pretrained FOLDER")
    }
}
