/// Lines as texts or pairs of texts.
struct TextLines {
    var first: [String] = []
    /// Of each line the text after its tab.
    var second: [String?] = []

    var count: Int { first.count }

    init() {}

    /// - Parameter number: of the first line, for messages.
    /// - Throws: `UserError` for a line with more than one tab.
    init(_ lines: [String], number: Int) throws {
        for (index, line) in lines.enumerated() {
            let texts = line.split(separator: "\t", omittingEmptySubsequences: false)
            guard texts.count <= 2 else {
                throw UserError(
                    "standard input, line \(number + index): \(texts.count) texts separated by "
                        + "tabs; expected one, or two for a pair")
            }
            first.append(texts.first.map(String.init) ?? "")
            second.append(texts.count == 2 ? String(texts[1]) : nil)
        }
    }

    mutating func append(_ other: TextLines) {
        first += other.first
        second += other.second
    }
}
