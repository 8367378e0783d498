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
            texts.
            """)

    @Argument(help: "A Hugging Face folder of a BERT or DistilBERT.", completion: .directory)
    var folder: String

    @Option(help: "Tokens in a row: longer texts are cut, shorter ones filled up.")
    var maxLength = 128

    @Option(help: "The safetensors file to write.", completion: .file())
    var output: String

    @Option(help: "Lines that are encoded together.")
    var batchSize = 32

    @Option(help: "What runs the plan.")
    var backend = Backend.default

    @OptionGroup var threads: ThreadOption

    func validate() throws {
        try requirePositive(maxLength, "--max-length")
        try requirePositive(batchSize, "--batch-size")
    }

    func run() throws {
        let loaded = try PretrainedEncoder(folder, maxLength: maxLength)
        for warning in loaded.report.warnings { StandardError.print(warning) }
        let options = EncodingOptions(
            truncation: Truncation(maximumLength: maxLength),
            padding: TokenPadding(.fixed(maxLength)))
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

    /// States go to the file batch by batch; the pooled ones wait until their turn.
    private func write(_ encodings: [TokenEncoding], _ session: EncoderSession) throws {
        var pooled: [Float] = []
        let rows = encodings.count
        var tensors = [
            SafetensorsTensor(
                name: "last_hidden_state", dtype: .f32,
                shape: [rows, maxLength, session.hiddenSize]
            ) { append in
                for first in stride(from: 0, to: rows, by: batchSize) {
                    let batch = encodings[first..<min(first + batchSize, rows)]
                    try session.run(batch)
                    try append(UnsafeRawBufferPointer(session.states(rowCount: batch.count)))
                    pooled += session.pooled(rowCount: batch.count)
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
}
