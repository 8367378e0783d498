import MartletFiles
import MartletJSON

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension WordPieceTokenizer {
    /// The tokenizer of a Hugging Face folder.
    ///
    /// It is read from `tokenizer.json` if the folder has one, otherwise from `vocab.txt`;
    /// `tokenizer_config.json` then has the last word on `do_lower_case`, `strip_accents` and
    /// `tokenize_chinese_chars`, as in transformers.
    ///
    /// - Throws: `FileError`, `JSONProblems` or `TokenizerError`: for unsupported components,
    ///   for repeated or colliding tokens, if `vocab.txt` and `tokenizer.json` disagree.
    public init(folder: String, behavior: Behavior = .fast) throws {
        let settings = try TokenizerSettings(folder: folder)
        let hasVocabulary = Self.exists("\(folder)/vocab.txt")
        guard Self.exists("\(folder)/tokenizer.json") else {
            guard hasVocabulary else {
                throw TokenizerError(
                    source: folder,
                    "there is neither tokenizer.json nor vocab.txt, from which a WordPiece "
                        + "tokenizer is read")
            }
            let path = "\(folder)/vocab.txt"
            let vocabulary = try WordPieceVocabulary(
                vocabularyFile: try ReadableFile.contents(of: path, limit: 64 << 20),
                source: path)
            var normalization = BertNormalization()
            settings.apply(to: &normalization)
            try self.init(
                vocabulary: vocabulary, settings: settings, normalization: normalization,
                behavior: behavior, source: path)
            return
        }
        let path = "\(folder)/tokenizer.json"
        var file = try TokenizerFile(
            parsing: try ReadableFile.contents(of: path, limit: 256 << 20), source: path)
        if hasVocabulary {
            try Self.check(
                file.vocabulary, path,
                against: try WordPieceVocabulary(
                    vocabularyFile: try ReadableFile.contents(
                        of: "\(folder)/vocab.txt", limit: 64 << 20),
                    source: "\(folder)/vocab.txt"))
        }
        file.configuration.behavior = behavior
        settings.apply(to: &file.configuration.normalization)
        file.configuration.paddingToken = settings.paddingToken
        try self.init(
            vocabulary: file.vocabulary, configuration: file.configuration, source: path)
    }

    /// The tokenizer in the bytes of a `tokenizer.json`.
    public init(
        tokenizerFile bytes: [UInt8], behavior: Behavior = .fast,
        source: String = "tokenizer.json"
    ) throws {
        var file = try TokenizerFile(parsing: bytes, source: source)
        file.configuration.behavior = behavior
        try self.init(
            vocabulary: file.vocabulary, configuration: file.configuration, source: source)
    }

    /// BERT's tokenizer over the pieces of a `vocab.txt`, with its usual special tokens.
    public init(
        vocabularyFile bytes: [UInt8], normalization: BertNormalization = BertNormalization(),
        behavior: Behavior = .fast, source: String = "vocab.txt"
    ) throws(TokenizerError) {
        try self.init(
            vocabulary: try WordPieceVocabulary(vocabularyFile: bytes, source: source),
            settings: TokenizerSettings(), normalization: normalization, behavior: behavior,
            source: source)
    }

    private init(
        vocabulary: WordPieceVocabulary, settings: TokenizerSettings,
        normalization: BertNormalization, behavior: Behavior, source: String
    ) throws(TokenizerError) {
        func id(_ token: String) throws(TokenizerError) -> Int {
            if let id = vocabulary.id(of: token) { return id }
            throw TokenizerError(
                source: source,
                "the vocabulary of \(vocabulary.count) pieces lacks the special token "
                    + "\(token.quotedForMessage()); add it or name another one in "
                    + "tokenizer_config.json")
        }
        var special: [AddedToken] = []
        for name in settings.specialTokens {
            // Only pretraining needs the mask.
            if name == settings.maskToken, vocabulary.id(of: name) == nil { continue }
            let id = try id(name)
            if !special.contains(where: { $0.id == id }) {
                special.append(AddedToken(name, id: id))
            }
        }
        try self.init(
            vocabulary: vocabulary,
            configuration: Configuration(
                behavior: behavior, normalization: normalization,
                unknownToken: settings.unknownToken, paddingToken: settings.paddingToken,
                addedTokens: special,
                template: .bert(
                    classifierID: try id(settings.classifierToken),
                    separatorID: try id(settings.separatorToken))),
            source: source)
    }

    private static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Refuses two vocabularies that give a piece different ids.
    private static func check(
        _ vocabulary: WordPieceVocabulary, _ source: String, against other: WordPieceVocabulary
    ) throws(TokenizerError) {
        for id in 0..<max(vocabulary.count, other.count) {
            let (a, b) = (vocabulary[id], other[id])
            if let a, let b, haveSameBytes(a, b) { continue }
            if a == nil, b == nil { continue }
            throw TokenizerError(
                source: source,
                "disagrees with vocab.txt: id \(id) is \(a?.quotedForMessage() ?? "no piece") "
                    + "here and \(b?.quotedForMessage() ?? "no piece") there; remove the wrong file"
            )
        }
    }
}

/// What `tokenizer_config.json` and `special_tokens_map.json` say about a BERT tokenizer.
private struct TokenizerSettings {
    var lowercases: Bool?
    /// Outer `nil`: not said; inner: as `lowercases`.
    var stripsAccents: Bool??
    var separatesIdeographs: Bool?
    var unknownToken = "[UNK]"
    var separatorToken = "[SEP]"
    var paddingToken = "[PAD]"
    var classifierToken = "[CLS]"
    var maskToken = "[MASK]"

    var specialTokens: [String] {
        [unknownToken, separatorToken, paddingToken, classifierToken, maskToken]
    }

    init() {}

    init(folder: String) throws {
        for name in ["special_tokens_map.json", "tokenizer_config.json"] {
            let path = "\(folder)/\(name)"
            guard access(path, F_OK) == 0 else { continue }
            let bytes = try ReadableFile.contents(of: path, limit: 64 << 20)
            let document: JSONValue
            do throws(JSONError) {
                document = try JSONValue(parsing: bytes)
            } catch {
                throw TokenizerError(source: path, "\(error)")
            }
            try read(JSONFields(document, source: path))
        }
    }

    private mutating func read(_ fields: JSONFields) throws {
        if fields.has("do_lower_case") { lowercases = fields.bool("do_lower_case") }
        if fields.object["strip_accents"] != nil {
            stripsAccents = .some(
                fields.has("strip_accents") ? fields.bool("strip_accents") : nil)
        }
        if fields.has("tokenize_chinese_chars") {
            separatesIdeographs = fields.bool("tokenize_chinese_chars")
        }
        func token(_ key: String, _ current: String) -> String {
            guard let value = fields.value(key) else { return current }
            // Written as text or as an object with its properties.
            if value.objectValue != nil { return fields.fields(key).string("content") }
            return fields.string(key)
        }
        unknownToken = token("unk_token", unknownToken)
        separatorToken = token("sep_token", separatorToken)
        paddingToken = token("pad_token", paddingToken)
        classifierToken = token("cls_token", classifierToken)
        maskToken = token("mask_token", maskToken)
        try fields.finish()
    }

    func apply(to normalization: inout BertNormalization) {
        let followedCase = normalization.stripsAccents == normalization.lowercases
        if let lowercases { normalization.lowercases = lowercases }
        if let separatesIdeographs { normalization.separatesIdeographs = separatesIdeographs }
        switch stripsAccents {
        case .some(.some(let strips)): normalization.stripsAccents = strips
        case .some(.none): normalization.stripsAccents = normalization.lowercases
        case .none:
            if followedCase { normalization.stripsAccents = normalization.lowercases }
        }
    }
}
