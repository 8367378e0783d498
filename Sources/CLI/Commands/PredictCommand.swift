import ArgumentParser
import Foundation
import Glibc
import Martlet
import MartletGraphs
import MartletJSON

struct PredictCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "predict", abstract: "Tell the topics of texts by a trained model.",
        discussion: """
            Without --text, every line of standard input is a text. Prints a line for each: the \
            class, its probability, the text; with --json an object.
            """)

    @OptionGroup var folder: FolderArgument

    @Option(help: "A text; may be given more than once.")
    var text: [String] = []

    @OptionGroup var threads: ThreadOption
    @OptionGroup var backend: BackendOption
    @OptionGroup var json: JSONOption

    func run() async throws {
        let saved = try folder.load(threads: threads, backend: backend)
        if !text.isEmpty { return try await predict(text, saved) }
        var lines = InputLines()
        while case let part = try lines.next(4_096), !part.isEmpty {
            try await predict(part, saved)
        }
        if lines.count == 0 {
            throw UserError("there is no text: give --text, or a line for each on standard input")
        }
    }

    private func predict(_ texts: [String], _ saved: TrainedModel) async throws {
        let output = try await saved.model.predict(texts, batchSize: 32).first.floats
        let classes = saved.classNames
        let rows = saved.probabilities(output)
        for (row, (text, values)) in zip(texts, rows).enumerated() {
            guard let label = values.indices.max(by: { values[$0] < values[$1] }) else { continue }
            print(
                json.isOn
                    ? object(text, label, classes, values, logits(row, output, saved)).text()
                    : "\(classes[label])\t\(percent(values[label]))\t\(text)")
        }
        fflush(nil)
    }

    private func object(
        _ text: String, _ label: Int, _ classes: [String], _ values: [Float],
        _ logits: ArraySlice<Float>?
    ) -> JSONValue {
        var object: JSONObject = [
            "text": .string(text), "label": .integer(label), "class": .string(classes[label]),
            "probabilities": .array(values.map { .number(Double($0)) }),
        ]
        object["logits"] = logits.map { .array($0.map { .number(Double($0)) }) }
        return .object(object)
    }

    private func logits(
        _ row: Int, _ output: [Float], _ saved: TrainedModel
    ) -> ArraySlice<Float>? {
        let width = saved.classNames.count
        return saved.givesLogits ? output[row * width..<(row + 1) * width] : nil
    }

    private func percent(_ probability: Float) -> String {
        "\((probability * 100).formatted(.number.precision(.fractionLength(1)))) %"
    }
}
