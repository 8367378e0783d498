import ArgumentParser
import Foundation
import Martlet
import MartletJSON

struct TokenizeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenize", abstract: "Turn the lines of standard input into token ids.",
        discussion: """
            Prints one JSON object for each line, in order. A line with a tab is a pair of texts. \
            Offsets count Unicode scalars.
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

    func validate() throws {
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
        while true {
            let number = lines.count + 1
            let texts = try TextLines(try lines.next(4_096), number: number)
            if texts.count == 0 { return }
            var output: [UInt8] = []
            for encoding in try texts.encode(tokenizer, options, number: number) {
                Self.append(encoding, to: &output)
            }
            try FileHandle.standardOutput.write(contentsOf: Data(output))
        }
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
