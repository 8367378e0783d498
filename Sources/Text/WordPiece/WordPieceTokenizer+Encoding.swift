import Dispatch
import Synchronization

extension WordPieceTokenizer {
    /// Encodes a text, or a pair of texts.
    ///
    /// - Throws: if truncation cannot keep its promise (see `Truncation.Strategy`).
    public func encode(
        _ text: String, pair: String? = nil, options: EncodingOptions = EncodingOptions()
    ) throws(TokenizerError) -> TokenEncoding {
        let second = pair.map { run($0) }
        var encoding = try assemble(run(text), second, options)
        pad(&encoding, options.padding, longest: encoding.count)
        return encoding
    }

    /// Encodes text that is split into words already, as for tagging: `wordIDs` are positions
    /// in `words`, offsets count within each word.
    public func encode(
        words: [String], pair: [String]? = nil, options: EncodingOptions = EncodingOptions()
    ) throws(TokenizerError) -> TokenEncoding {
        let second = pair.map { run(words: $0) }
        var encoding = try assemble(run(words: words), second, options)
        pad(&encoding, options.padding, longest: encoding.count)
        return encoding
    }

    /// Encodes many texts, or pairs, in parallel. The result does not depend on the number of
    /// threads.
    ///
    /// - Parameters:
    ///   - pairs: second texts, as many as there are texts.
    ///   - threadCount: at most this many threads work; `nil`: as many as there are processors.
    public func encode(
        _ texts: [String], pairs: [String]? = nil, options: EncodingOptions = EncodingOptions(),
        threadCount: Int? = nil
    ) throws(TokenizerError) -> [TokenEncoding] {
        if let pairs, pairs.count != texts.count {
            throw TokenizerError(
                source: "",
                "\(texts.count) texts cannot be paired with \(pairs.count) second texts")
        }
        let results = Self.inParallel(texts.count, threadCount) { i in
            Result { () throws(TokenizerError) in
                try assemble(run(texts[i]), pairs.map { run($0[i]) }, options)
            }
        }
        var encodings: [TokenEncoding] = []
        encodings.reserveCapacity(texts.count)
        for (i, result) in results.enumerated() {
            do throws(TokenizerError) {
                encodings.append(try result.get())
            } catch {
                throw TokenizerError(source: "text \(i)", error.message)
            }
        }
        if let padding = options.padding {
            let longest = encodings.reduce(0) { max($0, $1.count) }
            for i in encodings.indices { pad(&encodings[i], padding, longest: longest) }
        }
        return encodings
    }

    /// The ids of `text` alone: no special tokens, nothing cut.
    public func ids(_ text: String) -> [Int32] { run(text).ids }

    /// The pieces of `text`; for the unknown token its name.
    public func tokenize(_ text: String) -> [String] {
        run(text).ids.map { token(of: Int($0)) ?? configuration.unknownToken }
    }

    // MARK: Parts

    private func run(_ text: String) -> TokenRun {
        var text = text
        return text.withUTF8 { run($0) }
    }

    private func run(words: [String]) -> TokenRun {
        var all = TokenRun()
        for (number, word) in words.enumerated() {
            let part = run(word)
            all.ids += part.ids
            all.starts += part.starts
            all.ends += part.ends
            all.words += repeatElement(Int32(number), count: part.count)
        }
        return all
    }

    private func assemble(
        _ first: TokenRun, _ second: TokenRun?, _ options: EncodingOptions
    ) throws(TokenizerError) -> TokenEncoding {
        let pieces = configuration.template.pieces(
            isPair: second != nil, addsSpecialTokens: options.addsSpecialTokens)
        guard let truncation = options.truncation else {
            return TokenTemplate.apply(pieces, first, second)
        }
        let specialCount = TokenTemplate.specialCount(pieces)
        guard truncation.maximumLength >= specialCount else {
            throw TokenizerError(
                source: "",
                "truncation to \(truncation.maximumLength) tokens leaves no room for the "
                    + "\(specialCount) special tokens")
        }
        let single = configuration.template.pieces(
            isPair: false, addsSpecialTokens: options.addsSpecialTokens)
        let room = truncation.maximumLength - TokenTemplate.specialCount(single)
        guard truncation.stride == 0 || (0...max(room, 0)).contains(truncation.stride) else {
            throw TokenizerError(
                source: "",
                "a stride of \(truncation.stride) does not fit truncation to "
                    + "\(truncation.maximumLength) tokens, which leaves \(room) of a text; use a "
                    + "smaller stride")
        }
        let truncator = Truncator(
            truncation: truncation, room: truncation.maximumLength - specialCount,
            isLegacy: configuration.behavior == .legacy)
        let parts = try truncator.parts(of: first, and: second)
        return TokenTemplate.apply(pieces, parts.first, parts.second)
    }

    private func pad(_ encoding: inout TokenEncoding, _ padding: TokenPadding?, longest: Int) {
        guard let padding else { return }
        var length: Int
        switch padding.length {
        case .longest: length = longest
        case .fixed(let count): length = count
        }
        if padding.multiple > 1 {
            length = (length + padding.multiple - 1) / padding.multiple * padding.multiple
        }
        encoding.pad(to: length, id: Int32(paddingID), type: 0, side: padding.side)
    }

    // MARK: Threads

    /// `body` of 0 ..< count, in order, computed by several threads that take blocks in turn.
    private static func inParallel<Element: Sendable>(
        _ count: Int, _ threadCount: Int?, _ body: @Sendable (Int) -> Element
    ) -> [Element] {
        let blockSize = 16
        let blockCount = (count + blockSize - 1) / blockSize
        if blockCount <= 1 || threadCount == 1 { return (0..<count).map(body) }
        let blocks = Mutex([[Element]](repeating: [], count: blockCount))
        let next = Atomic(0)
        let workerCount = min(max(threadCount ?? blockCount, 1), blockCount)
        DispatchQueue.concurrentPerform(iterations: workerCount) { _ in
            while true {
                let block = next.wrappingAdd(1, ordering: .relaxed).oldValue
                if block >= blockCount { return }
                let first = block * blockSize
                let elements = (first..<min(first + blockSize, count)).map(body)
                blocks.withLock { $0[block] = elements }
            }
        }
        return blocks.withLock { Array($0.joined()) }
    }
}
