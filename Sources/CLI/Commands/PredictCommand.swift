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
        // A person at a terminal gets an answer to every line, a file is read in larger parts.
        let partSize = isatty(STDIN_FILENO) == 1 ? 1 : 128
        var lines = InputLines()
        while case let part = try lines.next(partSize), !part.isEmpty {
            try await predict(part, saved)
        }
        if lines.count == 0 {
            throw UserError("there is no text: give --text, or a line for each on standard input")
        }
    }

    private func predict(_ texts: [String], _ saved: ModelFolder) async throws {
        let probabilities = try await saved.model.predict(texts, batchSize: 128).first.floats
        let classes = saved.entry.classNames
        for (row, text) in texts.enumerated() {
            let values = probabilities[row * classes.count..<(row + 1) * classes.count]
            guard let best = values.indices.max(by: { values[$0] < values[$1] }) else { continue }
            let label = best - values.startIndex
            print(
                json.isOn
                    ? object(text, label, classes, Array(values)).text()
                    : "\(classes[label])\t\(percent(values[best]))\t\(text)")
        }
        fflush(nil)
    }

    private func object(
        _ text: String, _ label: Int, _ classes: [String], _ values: [Float]
    ) -> JSONValue {
        [
            "text": .string(text), "label": .integer(label), "class": .string(classes[label]),
            "probabilities": .array(values.map { .number(Double($0)) }),
        ]
    }

    private func percent(_ probability: Float) -> String {
        "\((probability * 100).formatted(.number.precision(.fractionLength(1)))) %"
    }
}
