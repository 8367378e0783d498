/// Standardizes and splits one text after another into tokens, reusing its memory.
///
/// The tokens of a text lie one after another in `output` with one space between, so that an
/// n-gram (tokens joined by a space) is a slice of it and needs no copy.
struct TokenScanner {
    private enum Action {
        static let drop: UInt16 = 256
        static let separate: UInt16 = 257
    }

    /// What happens to each input byte: it becomes a byte (0…255), or one of `Action`.
    private let actions: [UInt16]
    private let split: TextVectorizerOptions.Split
    private let ngrams: TextVectorizerOptions.Ngrams?
    /// Scanning may stop after this many tokens.
    private let limit: Int

    private var output: [UInt8] = []
    private var starts: [Int] = []
    private var ends: [Int] = []
    private var tokenCount = 0

    init(options: TextVectorizerOptions, limit: Int? = nil) {
        actions = Self.actions(options)
        split = options.split
        ngrams = options.ngrams
        self.limit = options.ngrams == nil ? limit ?? .max : .max
    }

    /// Every token of the text in Keras's order: all of the first n-gram width, then all of the
    /// second, and so on. `body` returns whether it wants more.
    mutating func forEachToken(
        of text: String, _ body: (UnsafeBufferPointer<UInt8>) -> Bool
    ) {
        let scanned: Void? = text.utf8.withContiguousStorageIfAvailable { scan($0) }
        if scanned == nil {
            Array(text.utf8).withUnsafeBufferPointer { scan($0) }
        }
        switch ngrams {
        case nil: _ = emit(width: 1, body)
        case .upTo(let width):
            for width in 1...width {
                guard width <= tokenCount, emit(width: width, body) else { return }
            }
        case .widths(let widths):
            for width in widths {
                guard emit(width: width, body) else { return }
            }
        }
    }

    private func emit(width: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Bool) -> Bool {
        guard width <= tokenCount else { return true }
        return output.withUnsafeBufferPointer { output in
            for first in 0...(tokenCount - width) {
                let slice = output[starts[first]..<ends[first + width - 1]]
                guard body(UnsafeBufferPointer(rebasing: slice)) else { return false }
            }
            return true
        }
    }

    private mutating func scan(_ input: UnsafeBufferPointer<UInt8>) {
        reserve(inputByteCount: input.count)
        let actions = actions
        let split = split
        let limit = limit
        tokenCount = actions.withUnsafeBufferPointer { actions in
            output.withUnsafeMutableBufferPointer { output in
                starts.withUnsafeMutableBufferPointer { starts in
                    ends.withUnsafeMutableBufferPointer { ends in
                        let sink = Sink(output: output, starts: starts, ends: ends)
                        switch split {
                        case .whitespace: return sink.words(input, actions, limit: limit)
                        case .character: return sink.scalars(input, actions, limit: limit)
                        case .none: return sink.whole(input, actions)
                        }
                    }
                }
            }
        }
    }

    private mutating func reserve(inputByteCount count: Int) {
        // Splitting into one-byte scalars puts a space after each.
        let needed = 2 * count + 2
        guard output.count < needed else { return }
        output = Array(repeating: 0, count: needed)
        starts = Array(repeating: 0, count: needed / 2)
        ends = starts
    }

    private static func actions(_ options: TextVectorizerOptions) -> [UInt16] {
        let lower = [.lower, .lowerAndStripPunctuation].contains(options.standardize)
        let strip = [.stripPunctuation, .lowerAndStripPunctuation].contains(options.standardize)
        return (UInt8.min...UInt8.max).map { byte in
            switch byte {
            case 0x09...0x0D, 0x20:
                return options.split == .whitespace ? Action.separate : UInt16(byte)
            case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E:
                return strip ? Action.drop : UInt16(byte)
            case 0x41...0x5A:
                return UInt16(lower ? byte + 0x20 : byte)
            default:
                return UInt16(byte)
            }
        }
    }

    /// The output buffers while one text is scanned; each method returns the number of tokens.
    private struct Sink {
        let output: UnsafeMutableBufferPointer<UInt8>
        let starts: UnsafeMutableBufferPointer<Int>
        let ends: UnsafeMutableBufferPointer<Int>

        func words(
            _ input: UnsafeBufferPointer<UInt8>, _ actions: UnsafeBufferPointer<UInt16>,
            limit: Int
        ) -> Int {
            var tokens = 0
            var start = 0
            var end = 0
            func close() {
                guard end > start else { return }
                starts[tokens] = start
                ends[tokens] = end
                tokens += 1
                output[end] = 0x20
                end += 1
                start = end
            }
            for byte in input {
                let action = actions[Int(byte)]
                if action < Action.drop {
                    output[end] = UInt8(truncatingIfNeeded: action)
                    end += 1
                } else if action == Action.separate {
                    close()
                    if tokens >= limit { return tokens }
                }
            }
            close()
            return tokens
        }

        func scalars(
            _ input: UnsafeBufferPointer<UInt8>, _ actions: UnsafeBufferPointer<UInt16>,
            limit: Int
        ) -> Int {
            var tokens = 0
            var end = 0
            for byte in input {
                let action = actions[Int(byte)]
                guard action < Action.drop else { continue }
                let startsScalar = byte & 0xC0 != 0x80
                if startsScalar {
                    if tokens >= limit { return tokens }
                    if tokens > 0 {
                        output[end] = 0x20
                        end += 1
                    }
                    starts[tokens] = end
                    tokens += 1
                }
                output[end] = UInt8(truncatingIfNeeded: action)
                end += 1
                ends[tokens - 1] = end
            }
            return tokens
        }

        func whole(
            _ input: UnsafeBufferPointer<UInt8>, _ actions: UnsafeBufferPointer<UInt16>
        ) -> Int {
            var end = 0
            for byte in input {
                let action = actions[Int(byte)]
                guard action < Action.drop else { continue }
                output[end] = UInt8(truncatingIfNeeded: action)
                end += 1
            }
            starts[0] = 0
            ends[0] = end
            return 1
        }
    }
}
