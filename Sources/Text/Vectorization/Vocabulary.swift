/// Tokens with their ids, and in tf-idf mode their weights.
struct Vocabulary: Sendable {
    let table: TokenTable
    /// The id of the table's first token: the number of special tokens before it.
    let firstTokenID: Int
    /// One weight per id, special tokens included; empty in other modes than tf-idf.
    let idfWeights: [Float]

    var size: Int { firstTokenID + table.count }

    private init(table: TokenTable, idfWeights: [Float], firstTokenID: Int) {
        self.table = table
        self.firstTokenID = firstTokenID
        self.idfWeights = idfWeights
    }

    init(table: TokenTable, options: TextVectorizerOptions) {
        self.init(table: table, idfWeights: [], firstTokenID: options.specialTokens.count)
    }

    /// The special tokens, whose document frequency is unknown, get the mean weight.
    init(table: TokenTable, weightsOfTokens weights: [Float], options: TextVectorizerOptions) {
        let mean = weights.reduce(0.0) { $0 + Double($1) } / Double(max(weights.count, 1))
        let special = options.specialTokens.count
        self.init(
            table: table, idfWeights: Array(repeating: Float(mean), count: special) + weights,
            firstTokenID: special)
    }

    /// A given vocabulary, with or without the special tokens at its front, under Keras's
    /// rules: tokens distinct, no other empty token, no more than `maxTokens`.
    init(
        tokens given: [String], idfWeights weights: [Float]?, options: TextVectorizerOptions
    ) throws(TextVectorizationError) {
        guard !given.isEmpty else { throw .emptyVocabulary }
        let special = options.specialTokens
        let hasSpecial = given.prefix(special.count).elementsEqual(
            special, by: { $0.utf8.elementsEqual($1.utf8) })
        let skipped = hasSpecial ? special.count : 0
        let tokens = given.dropFirst(skipped)
        guard !tokens.isEmpty else { throw .emptyVocabulary }

        var table = TokenTable()
        for (offset, token) in tokens.enumerated() {
            guard !token.isEmpty else {
                throw .reservedToken(index: skipped + offset, specialTokens: special)
            }
            let index = Array(token.utf8).withUnsafeBufferPointer { table.insert($0) }
            guard index == offset else {
                throw .duplicateToken(
                    token: token, first: skipped + index, second: skipped + offset)
            }
        }
        let size = special.count + tokens.count
        if let maxTokens = options.maxTokens, size > maxTokens {
            throw .vocabularyTooLarge(size: size, maxTokens: maxTokens)
        }
        try Self.check(weights, count: given.count, options)

        if let weights, hasSpecial {
            self.init(table: table, idfWeights: weights, firstTokenID: special.count)
        } else if let weights {
            self.init(table: table, weightsOfTokens: weights, options: options)
        } else {
            self.init(table: table, options: options)
        }
    }

    private static func check(
        _ weights: [Float]?, count: Int, _ options: TextVectorizerOptions
    ) throws(TextVectorizationError) {
        guard options.outputMode == .tfIDF else {
            guard weights == nil else {
                throw .invalidIDFWeights(
                    "idfWeights are given, but the output mode is "
                        + "\(options.outputMode.rawValue); only tf_idf uses them")
            }
            return
        }
        guard let weights else {
            throw .invalidIDFWeights(
                "output mode tf_idf with a given vocabulary needs idfWeights, one per token")
        }
        guard weights.count == count else {
            throw .invalidIDFWeights(
                "\(weights.count) idfWeights for \(count) tokens; give one per token")
        }
        if let index = weights.firstIndex(where: { !$0.isFinite }) {
            throw .invalidIDFWeights(
                "the idf weight at index \(index) is \(weights[index]); "
                    + "weights must be finite")
        }
    }

    func token(at id: Int, options: TextVectorizerOptions) -> String {
        id < firstTokenID ? options.specialTokens[id] : table.string(at: id - firstTokenID)
    }
}
