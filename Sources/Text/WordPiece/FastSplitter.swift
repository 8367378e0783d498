/// What receives the words of a text, one after the other.
protocol WordSink {
    mutating func take(_ word: PendingWord, number: Int32)
}

/// Splits words into the pieces of a model.
struct PieceSink: WordSink {
    let model: WordPieceModel
    var run: TokenRun

    @inline(__always)
    mutating func take(_ word: PendingWord, number: Int32) {
        model.split(word, number: number, into: &run)
    }
}

/// Normalises and splits text as `tokenizers` does with `BertNormalizer` and `BertPreTokenizer`,
/// and hands out each word, in one pass over the bytes.
struct FastSplitter: Sendable {
    private let actions: ScalarActions

    init(_ options: BertNormalization) { actions = ScalarActions.shared(options) }

    /// Where in a text the splitter is.
    struct Cursor {
        /// The scalar that the next byte begins.
        var scalar: Int32 = 0
        /// The number of the next word.
        var word: Int32 = 0
        var pending = PendingWord()
    }

    /// Splits valid UTF-8 into words and those into tokens.
    ///
    /// - Returns: whether it could. Otherwise the text has marks that change places, `sink` and
    ///   `cursor` are left anyhow, and the text must be normalised first.
    func split(
        _ text: UnsafeBufferPointer<UInt8>, _ cursor: inout Cursor, into sink: inout some WordSink
    ) -> Bool {
        let isDone = actions.ascii.withUnsafeBufferPointer { ascii in
            actions.table.withPages { pages, values -> Bool in
                var position = 0
                while position < text.count {
                    let byte = text[position]
                    if byte < 0x80 {
                        let result = ascii[Int(byte)]
                        if result < 0x80 {
                            cursor.pending.append(ascii: result, origin: cursor.scalar)
                        } else if result == ScalarActions.isolatedByte {
                            isolate(UInt32(byte), &cursor, &sink)
                        } else if result == ScalarActions.spaceByte {
                            finishWord(&cursor, &sink)
                        }
                        position += 1
                    } else {
                        let code = Self.scalar(text, &position)
                        let page = Int(pages[Int(code >> 8)])
                        let action = values[page << 8 | Int(code & 0xFF)]
                        if action == ScalarActions.Kind.reorder.rawValue { return false }
                        apply(action, code, &cursor, &sink)
                    }
                    cursor.scalar += 1
                }
                return true
            }
        }
        finishWord(&cursor, &sink)
        return isDone ?? false
    }

    /// The scalar at `position`, which is beyond ASCII and valid.
    @inline(__always)
    private static func scalar(
        _ text: UnsafeBufferPointer<UInt8>, _ position: inout Int
    ) -> UInt32 {
        let lead = UInt32(text[position])
        let second = UInt32(text[position + 1] & 0x3F)
        if lead < 0xE0 {
            position += 2
            return (lead & 0x1F) << 6 | second
        }
        let third = UInt32(text[position + 2] & 0x3F)
        if lead < 0xF0 {
            position += 3
            return (lead & 0x0F) << 12 | second << 6 | third
        }
        let fourth = UInt32(text[position + 3] & 0x3F)
        position += 4
        return (lead & 0x07) << 18 | second << 12 | third << 6 | fourth
    }

    private func apply(
        _ action: UInt32, _ code: UInt32, _ cursor: inout Cursor, _ sink: inout some WordSink
    ) {
        switch ScalarActions.Kind(rawValue: action & ScalarActions.kindMask) {
        case .keep: cursor.pending.append(code, origin: cursor.scalar)
        case .space: finishWord(&cursor, &sink)
        case .isolate: isolate(code, &cursor, &sink)
        case .replace: replace(action, &cursor, &sink)
        case .replaceIsolated:
            finishWord(&cursor, &sink)
            replace(action, &cursor, &sink)
            finishWord(&cursor, &sink)
        case .remove, .reorder, nil: break
        }
    }

    private func replace(
        _ action: UInt32, _ cursor: inout Cursor, _ sink: inout some WordSink
    ) {
        let position = Int(action >> ScalarActions.kindBitCount)
        let count = Int(actions.replacements[position])
        for scalar in actions.replacements[(position + 1)...(position + count)] {
            if scalar & ScalarActions.isolatedBit != 0 {
                isolate(scalar & ~ScalarActions.isolatedBit, &cursor, &sink)
            } else {
                cursor.pending.append(scalar, origin: cursor.scalar)
            }
        }
    }

    private func isolate(
        _ code: UInt32, _ cursor: inout Cursor, _ sink: inout some WordSink
    ) {
        finishWord(&cursor, &sink)
        cursor.pending.append(code, origin: cursor.scalar)
        finishWord(&cursor, &sink)
    }

    @inline(__always)
    private func finishWord(
        _ cursor: inout Cursor, _ sink: inout some WordSink
    ) {
        guard !cursor.pending.isEmpty else { return }
        sink.take(cursor.pending, number: cursor.word)
        cursor.pending.removeAll()
        cursor.word += 1
    }
}
