/// A probabilistic grammar: rules with alternatives of equal probability.
///
/// `symbol = a | b` begins a rule, further lines add alternatives. In an alternative
/// - `{symbol}` stands for one of the rule's alternatives;
/// - `{Symbol}`, with a capital, for the same one wherever it stands in the row;
/// - `{nation.1}` for the second field of an alternative that has fields, as `France;French;Paris`;
/// - `{#2-40}` for a number in the range, both ends included.
package struct NewsGrammar {
    package private(set) var rules: [String: [String]] = [:]

    /// Of two rules with the same name the later one counts.
    init(_ texts: String...) {
        for text in texts {
            var symbol = ""
            for line in text.split(separator: "\n") {
                var alternatives = line[...]
                if let equals = line.firstRange(of: " ="), Self.isSymbol(line[..<equals.lowerBound])
                {
                    symbol = String(line[..<equals.lowerBound])
                    rules[symbol] = []
                    alternatives = line[equals.upperBound...]
                }
                for alternative in alternatives.split(separator: "|") {
                    let text = alternative.drop { $0 == " " }
                    guard let end = text.lastIndex(where: { $0 != " " }) else { continue }
                    rules[symbol, default: []].append(String(text[...end]))
                }
            }
        }
    }

    /// One for each label: the shared rules and the topic's own.
    package static var topics: [NewsGrammar] {
        [world, sports, business, scienceAndTechnology].map { NewsGrammar(shared, $0) }
    }

    /// What could stand in any section.
    package static var anyTopic: NewsGrammar { NewsGrammar(shared) }

    private static func isSymbol(_ text: Substring) -> Bool {
        !text.isEmpty && text.allSatisfy { $0.isASCII && $0.isLetter }
    }
}

/// One row in the making: what its capital symbols stand for, and its random numbers.
struct NewsWriter {
    private var bound: [String: String] = [:]
    private var random: NewsRandom

    init(random: NewsRandom) { self.random = random }

    /// A sentence or title: begins with a capital, also after the place it comes from, and says
    /// "an" where it should.
    mutating func write(_ symbol: String, in grammar: NewsGrammar) -> String {
        Self.articles(of: expand(symbol, in: grammar)).split(separator: " - ")
            .map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined(separator: " - ")
    }

    private mutating func expand(_ symbol: String, in grammar: NewsGrammar) -> String {
        guard let alternatives = grammar.rules[symbol], !alternatives.isEmpty else { return symbol }
        var rest = alternatives[random.next(below: alternatives.count)][...]
        var text = ""
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            text += rest[..<open]
            text += replacement(of: rest[rest.index(after: open)..<close], in: grammar)
            rest = rest[rest.index(after: close)...]
        }
        return text + rest
    }

    private mutating func replacement(of reference: Substring, in grammar: NewsGrammar) -> String {
        if reference.first == "#" {
            let ends = reference.dropFirst().split(separator: "-").compactMap { Int($0) }
            guard let low = ends.first, let high = ends.last, low <= high else { return "" }
            return String(low + random.next(below: high - low + 1))
        }
        let parts = reference.split(separator: ".")
        guard let name = parts.first, let first = name.first else { return "" }
        let symbol = first.lowercased() + name.dropFirst()
        let known = first.isUppercase ? bound[symbol] : nil
        let value = known ?? newValue(of: symbol, in: grammar)
        if first.isUppercase { bound[symbol] = value }
        let fields = value.split(separator: ";").map(String.init)
        let index = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
        return fields.indices.contains(index) ? fields[index] : value
    }

    /// Tries not to repeat what a capital symbol stands for: no country is its own neighbour.
    private mutating func newValue(of symbol: String, in grammar: NewsGrammar) -> String {
        var value = expand(symbol, in: grammar)
        for _ in 0..<3
        where bound.values.contains(where: { $0.split(separator: ";").contains(value[...]) }) {
            value = expand(symbol, in: grammar)
        }
        return value
    }

    /// "a" before a vowel becomes "an".
    private static func articles(of text: String) -> String {
        var words = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        for index in words.indices.dropLast() where words[index] == "a" || words[index] == "A" {
            guard let first = words[index + 1].lowercased().first, "aeio".contains(first),
                !words[index + 1].lowercased().hasPrefix("one")
            else { continue }
            words[index] += "n"
        }
        return words.joined(separator: " ")
    }
}

/// The SplitMix64 generator (Steele, Lea and Flood, 2014): one seed, the same rows everywhere.
struct NewsRandom {
    private var state: UInt64

    /// Each (seed, stream, row) has numbers of its own.
    init(seed: UInt64, stream: UInt64, row: Int) {
        state = seed
        state = next() ^ stream
        state = next() ^ UInt64(truncatingIfNeeded: row)
    }

    /// Numbers that do not depend on how many are drawn from `other` later.
    init(continuing other: inout NewsRandom) { state = other.next() }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var bits = state
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return bits ^ (bits >> 31)
    }

    /// A number in 0..<bound.
    mutating func next(below bound: Int) -> Int {
        Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(bound)).high)
    }
}
