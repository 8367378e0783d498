import ArgumentParser
import Martlet
import MartletGraphs
import MartletInterchange

struct EncodeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "encode",
        abstract: "Run an encoder over the lines of standard input and keep its states.",
        discussion: """
            Writes a safetensors file with last_hidden_state [lines, max-length, hidden] and, for \
            models with a pooler, pooler_output [lines, hidden]. A line with a tab is a pair of \
            texts. Padding is not computed: its states are zeros.
            """)

    @Argument(help: "A Hugging Face folder of a BERT or DistilBERT.", completion: .directory)
    var folder: String

    @Option(help: "Tokens in a row: longer texts are cut, shorter ones filled up.")
    var maxLength = 128

    @Option(help: "The safetensors file to write.", completion: .file())
    var output: String

    @Option(help: "Lines that are encoded together.")
    var batchSize = 32

    @OptionGroup var backend: BackendOption

    @OptionGroup var threads: ThreadOption

    func validate() throws {
        try requirePositive(maxLength, "--max-length")
        try requirePositive(batchSize, "--batch-size")
    }

    func run() throws {
        let loaded = try PretrainedEncoder(folder, maxLength: maxLength)
        for warning in loaded.report.warnings { StandardError.print(warning) }
        let options = EncodingOptions(
            truncation: Truncation(maximumLength: maxLength))
        var encodings: [TokenEncoding] = []
        var lines = InputLines()
        while true {
            let number = lines.count + 1
            let texts = try TextLines(try lines.next(4_096), number: number)
            if texts.count == 0 { break }
            encodings += try texts.encode(loaded.tokenizer, options, number: number)
        }
        let session = try EncoderSession(
            loaded, batchSize: batchSize, length: maxLength, backend: backend,
            threadCount: threads.count)
        try write(encodings, session)
    }

    /// States go to the file window by window; the pooled ones wait until their turn.
    private func write(_ encodings: [TokenEncoding], _ session: EncoderSession) throws {
        var pooled: [Float] = []
        let rows = encodings.count
        var tensors = [
            SafetensorsTensor(
                name: "last_hidden_state", dtype: .f32,
                shape: [rows, maxLength, session.hiddenSize]
            ) { append in
                for first in stride(from: 0, to: rows, by: windowSize(session)) {
                    let end = min(first + windowSize(session), rows)
                    let window = try run(Array(encodings[first..<end]), session)
                    try window.states.withUnsafeBytes { try append($0) }
                    pooled += window.pooled
                }
            }
        ]
        if session.hasPooler {
            tensors.append(
                SafetensorsTensor(
                    name: "pooler_output", dtype: .f32, shape: [rows, session.hiddenSize]
                ) { append in try pooled.withUnsafeBytes { try append($0) } })
        }
        try SafetensorsFile.write(tensors, to: output)
    }

    /// Lines whose states are held in memory: 64 MB of them, but a batch at least.
    private func windowSize(_ session: EncoderSession) -> Int {
        max((16 << 20) / max(maxLength * session.hiddenSize, 1), batchSize)
    }

    /// The states of lines in their order, zeros where they are filled up. Lines of like length
    /// run together.
    private func run(
        _ encodings: [TokenEncoding], _ session: EncoderSession
    ) throws -> (states: [Float], pooled: [Float]) {
        let width = session.hiddenSize
        var states = [Float](repeating: 0, count: encodings.count * maxLength * width)
        var pooled = [Float](repeating: 0, count: session.hasPooler ? encodings.count * width : 0)
        let order = encodings.indices.sorted {
            (encodings[$0].count, $0) < (encodings[$1].count, $1)
        }
        for first in stride(from: 0, to: order.count, by: batchSize) {
            let part = order[first..<min(first + batchSize, order.count)]
            try session.run(part.map { encodings[$0] })
            let found = session.states(rowCount: part.count)
            let foundPooled = session.pooled(rowCount: part.count)
            for (place, row) in part.enumerated() {
                let count = min(encodings[row].count, maxLength) * width
                let source = place * session.length * width
                let target = row * maxLength * width
                for index in 0..<count { states[target + index] = found[source + index] }
                if session.hasPooler {
                    for index in 0..<width {
                        pooled[row * width + index] = foundPooled[place * width + index]
                    }
                }
            }
        }
        return (states, pooled)
    }
}
