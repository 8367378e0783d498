/// Why a ``TextVectorizer`` refused options, a vocabulary or a text.
public enum TextVectorizationError: Error, Hashable, Sendable, CustomStringConvertible {
    case invalidOption(String)
    /// Encoding before `adapt` and without a given vocabulary.
    case notAdapted
    /// `adapt` on a vectorizer whose vocabulary was given.
    case vocabularyIsGiven
    /// `adapt` met no token that is not special.
    case noTokens(textCount: Int)
    case emptyVocabulary
    case duplicateToken(token: String, first: Int, second: Int)
    case reservedToken(index: Int, specialTokens: [String])
    case vocabularyTooLarge(size: Int, maxTokens: Int)
    case invalidIDFWeights(String)
    /// An `int` method in another output mode, or the reverse.
    case wrongOutputMode(method: String, expected: String, mode: String)
    case bufferSize(expected: Int, received: Int, rows: Int, columns: Int)
    case outputTooLarge(rows: Int, columns: Int)
    case noSequenceLength
    /// A vocabulary that Keras's one-token-per-line file cannot hold.
    case lineBreakInToken(token: String, index: Int)
    case invalidFile(String)

    public var description: String {
        "text vectorization: " + reason
    }

    private var reason: String {
        switch self {
        case .invalidOption(let text), .invalidIDFWeights(let text), .invalidFile(let text):
            return text
        case .notAdapted:
            return "there is no vocabulary yet; call adapt with the training texts, "
                + "or give a vocabulary"
        case .vocabularyIsGiven:
            return "the vocabulary was given, so it cannot be learned; "
                + "leave out either the vocabulary or adapt"
        case .noTokens(let count):
            return "no tokens in \(count) \(count == 1 ? "text" : "texts"); "
                + "the vocabulary would be empty"
        case .emptyVocabulary:
            return "the given vocabulary is empty; give at least one token"
        case .duplicateToken(let token, let first, let second):
            return "token \(quoted(token)) is at index \(first) and again at index \(second) of "
                + "the vocabulary; tokens must be distinct"
        case .reservedToken(let index, let special):
            return "the empty token at index \(index) of the vocabulary is reserved for padding; "
                + "leave the special tokens out, or begin with exactly "
                + special.map(quoted).joined(separator: ", ")
        case .vocabularyTooLarge(let size, let maxTokens):
            return "the vocabulary has \(size) tokens with the special ones, "
                + "but maxTokens is \(maxTokens)"
        case .wrongOutputMode(let method, let expected, let mode):
            return "\(method) needs output mode \(expected), but the mode is \(mode)"
        case .bufferSize(let expected, let received, let rows, let columns):
            return "the buffer holds \(received) elements, expected \(expected) "
                + "for \(rows) texts × \(columns)"
        case .outputTooLarge(let rows, let columns):
            return "\(rows) texts × \(columns) columns are too many elements; "
                + "encode smaller batches"
        case .noSequenceLength:
            return "outputSequenceLength is not set, so rows have no fixed length; "
                + "set it, or encode into an array"
        case .lineBreakInToken(let token, let index):
            return "token \(quoted(token)) at index \(index) contains a line break, which "
                + "Keras's vocabulary.txt (one token per line) cannot hold; "
                + "save as JSON instead"
        }
    }
}

/// A token as it is shown in messages: quoted, with invisible characters escaped.
func quoted(_ token: some StringProtocol) -> String {
    var text = "\""
    for scalar in token.unicodeScalars {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned:
            text += "\\u{\(String(scalar.value, radix: 16))}"
        default:
            if scalar == "\"" || scalar == "\\" { text += "\\" }
            text.unicodeScalars.append(scalar)
        }
    }
    return text + "\""
}
