/// Cuts one or two texts into parts that fit.
struct Truncator {
    let truncation: Truncation
    /// Tokens that the texts may have together, special tokens not counted.
    let room: Int
    let isLegacy: Bool

    /// The parts of each text; the first of each make the encoding, the others its overflow.
    func parts(
        of first: TokenRun, and second: TokenRun?
    ) throws(TokenizerError) -> (first: [TokenRun], second: [TokenRun]) {
        let total = first.count + (second?.count ?? 0)
        guard total > room else { return (first: [first], second: second.map { [$0] } ?? []) }
        if room == 0 {
            // Nothing fits, whatever the strategy.
            guard let second else { return (first: try parts(of: first, 0), second: []) }
            return (first: try parts(of: first, 0), second: try parts(of: second, 0))
        }
        let excess = total - room
        switch truncation.strategy {
        case .longestFirst:
            guard let second else { return (first: try parts(of: first, room), second: []) }
            let lengths = longestFirst(first.count, second.count)
            return (
                first: try parts(of: first, lengths.first),
                second: try parts(of: second, lengths.second)
            )
        case .onlyFirst:
            guard first.count > excess else {
                throw tooShort("first", first.count, excess, .onlyFirst)
            }
            return (
                first: try parts(of: first, first.count - excess),
                second: second.map { [$0] } ?? []
            )
        case .onlySecond:
            guard let second else {
                throw TokenizerError(
                    source: "",
                    "truncation .onlySecond needs a second text; give a pair or use .onlyFirst")
            }
            guard second.count > excess else {
                throw tooShort("second", second.count, excess, .onlySecond)
            }
            return (first: [first], second: try parts(of: second, second.count - excess))
        }
    }

    private func tooShort(
        _ text: String, _ count: Int, _ excess: Int, _ strategy: Truncation.Strategy
    ) -> TokenizerError {
        TokenizerError(
            source: "",
            "truncation .\(strategy) to \(truncation.maximumLength) tokens must take \(excess) off "
                + "the \(text) text, which has only \(count); use .longestFirst or a greater "
                + "maximum length")
    }

    private func longestFirst(_ first: Int, _ second: Int) -> (first: Int, second: Int) {
        if isLegacy {
            let excess = first + second - room
            let fromLonger = min(abs(second - first), excess)
            let rest = excess - fromLonger
            return first > second
                ? (first: first - fromLonger - rest / 2, second: second - (rest - rest / 2))
                : (first: first - rest / 2, second: second - fromLonger - (rest - rest / 2))
        }
        var shorter = min(first, second)
        var longer = shorter > room ? shorter : max(shorter, room - shorter)
        if shorter + longer > room {
            shorter = room / 2
            longer = shorter + room % 2
        }
        return first > second
            ? (first: longer, second: shorter) : (first: shorter, second: longer)
    }

    /// Parts of at most `length` tokens, each repeating `stride` tokens of the one before.
    private func parts(of run: TokenRun, _ length: Int) throws(TokenizerError) -> [TokenRun] {
        if length >= run.count { return [run] }
        if length == 0 { return [TokenRun(), run] }
        guard truncation.stride < length else {
            throw TokenizerError(
                source: "",
                "truncation leaves \(length) tokens of a text, which must be more than the stride "
                    + "of \(truncation.stride); use a smaller stride")
        }
        var parts: [TokenRun] = []
        switch truncation.side {
        case .right:
            var start = 0
            while true {
                let end = min(start + length, run.count)
                parts.append(run[start..<end])
                if end == run.count { return parts }
                start += length - truncation.stride
            }
        case .left:
            var end = run.count
            while true {
                let start = max(end - length, 0)
                parts.append(run[start..<end])
                if start == 0 { return parts }
                end -= length - truncation.stride
            }
        }
    }
}
