import ArgumentParser
import Foundation
import Martlet
import MartletGraphs
import MartletJSON

struct EvaluateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate", abstract: "Judge a trained model by labelled texts.",
        discussion: "Without a file, by the validation rows of the embedded news corpus.")

    @OptionGroup var folder: FolderArgument

    @Option(help: "Rows to judge by (CSV in the layout of AG News).")
    var data: String?

    @Option(help: "Rows in a step. Results may differ in the last digits.")
    var batchSize = 128

    @OptionGroup var threads: ThreadOption
    @OptionGroup var backend: BackendOption
    @OptionGroup var json: JSONOption

    func validate() throws { try requirePositive(batchSize, "--batch-size") }

    func run() async throws {
        let rows = try data.map { try NewsData(path: $0) } ?? NewsData(.validation())
        let saved = try folder.load(threads: threads, backend: backend)
        let logs = try await saved.model.evaluate(rows.examples, batchSize: batchSize)
        let keys = logs.keys.sorted()
        if json.isOn {
            var result = JSONObject(keys.map { ($0, .number(logs[$0] ?? .nan)) })
            result["rows"] = .integer(rows.labels.count)
            print(JSONValue.object(result).text())
        } else {
            let values = keys.map { key in
                "\(key) \((logs[key] ?? .nan).formatted(.number.precision(.fractionLength(4))))"
            }
            print(values.joined(separator: ", ") + " on \(rows.labels.count) rows")
        }
    }
}
