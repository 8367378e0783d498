import ArgumentParser
import Foundation
import Martlet
import MartletJSON

struct TokenizeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenize", abstract: "Turn the lines of standard input into token ids.",
        discussion: """
            Prints one JSON object for each line, in order. A line with a tab is a pair of texts. \
            Offsets count Unicode scalars. With --time, prints one JSON object with the time all \
            lines take instead, reading, printing and loading not counted.
            """)

    @Argument(
        help: "A Hugging Face folder with tokenizer.json or vocab.txt.", completion: .directory)
    var folder: String

    @Option(help: "Cut to this many tokens, special ones included.")
    var maxLength: Int?

    @Flag(help: "Fill up to --max-length with padding.")
    var padding = false

    @Flag(help: "Behave as BertTokenizerLegacy in Python rather than as tokenizers.")
    var legacy = false

    @Option(help: "Encode all lines over and over for this many seconds and print the time.")
    var time: Double?

    @Option(help: "Threads that encode; one for each CPU by default.")
    var threads: Int?

    func validate() throws {
        if let threads { try requirePositive(threads, "--threads") }
        if let time, !(0...86_400).contains(time) {
            throw ValidationError("--time is \(time), expected 0 to 86400")
        }
        if let maxLength { try requirePositive(maxLength, "--max-length") }
        if padding, maxLength == nil {
            throw ValidationError("--padding needs --max-length")
        }
    }

    func run() throws {
        let tokenizer = try WordPieceTokenizer(
            folder: folder, behavior: legacy ? .legacy : .fast)
        let options = EncodingOptions(
            truncation: maxLength.map { Truncation(maximumLength: $0) },
            padding: padding ? maxLength.map { TokenPadding(.fixed($0)) } : nil)
        var lines = InputLines()
        if let time { return try measure(tokenizer, options, &lines, seconds: time) }
        while true {
            let number = lines.count + 1
            let texts = try TextLines(try lines.next(4_096), number: number)
            if texts.count == 0 { return }
            var output: [UInt8] = []
            for encoding in try texts.encode(
                tokenizer, options, number: number, threadCount: threads)
            {
                Self.append(encoding, to: &output)
            }
            try FileHandle.standardOutput.write(contentsOf: Data(output))
        }
    }

    private func measure(
        _ tokenizer: WordPieceTokenizer, _ options: EncodingOptions, _ lines: inout InputLines,
        seconds: Double
    ) throws {
        var texts = TextLines()
        while true {
            let number = lines.count + 1
            let part = try TextLines(try lines.next(4_096), number: number)
            if part.count == 0 { break }
            texts.append(part)
        }
        var tokenCount = 0
        let timing = try Timing(seconds: seconds) {
            let encodings = try texts.encode(
                tokenizer, options, number: 1, threadCount: threads)
            tokenCount = encodings.reduce(0) { $0 + $1.count }
        }
        let byteCount = zip(texts.first, texts.second).reduce(0) {
            $0 + $1.0.utf8.count + ($1.1?.utf8.count ?? 0)
        }
        let result = JSONObject([
            ("texts", .integer(texts.count)), ("bytes", .integer(byteCount)),
            ("tokens", .integer(tokenCount)), ("milliseconds", .number(timing.median)),
            ("minimum_milliseconds", .number(timing.minimum)),
            ("runs", .integer(timing.milliseconds.count)),
            ("peak_memory_bytes", .integer(Machine.peakMemoryByteCount)),
        ])
        print(JSONValue.object(result).text())
    }

    /// Written by hand: a document for each line would take longer than the tokens.
    private static func append(_ encoding: TokenEncoding, to output: inout [UInt8]) {
        func append(_ name: StaticString, _ values: [Int32]) {
            name.withUTF8Buffer { output.append(contentsOf: $0) }
            for (index, value) in values.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                output.append(contentsOf: String(value).utf8)
            }
        }
        append("{\"input_ids\":[", encoding.ids)
        append("],\"token_type_ids\":[", encoding.typeIDs)
        append("],\"attention_mask\":[", encoding.attentionMask)
        output.append(contentsOf: "],\"offsets\":[".utf8)
        for (index, range) in encoding.offsets.enumerated() {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            output.append(contentsOf: "[\(range.lowerBound),\(range.upperBound)]".utf8)
        }
        output.append(contentsOf: "]}\n".utf8)
    }
}
