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
            print(JSONValue.array(models).text())
            return
        }
        let width = rows.map(\.0.name.count).max() ?? 0
        for (entry, count) in rows {
            let name = entry.name.padding(toLength: width, withPad: " ", startingAt: 0)
            print("\(name)  \(entry.abstract) (\(count.formatted()) weights)")
        }
    }
}
