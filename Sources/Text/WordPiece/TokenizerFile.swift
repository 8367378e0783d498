import MartletJSON

/// A WordPiece model in the form of `tokenizers`: `tokenizer.json`.
struct TokenizerFile {
    let vocabulary: WordPieceVocabulary
    var configuration: WordPieceTokenizer.Configuration

    /// Reads the document and refuses what this tokenizer cannot do exactly. The sections
    /// `truncation` and `padding` are left aside, as in transformers: they are options of a call.
    init(parsing bytes: [UInt8], source: String) throws {
        let document: JSONValue
        do throws(JSONError) {
            document = try JSONValue(parsing: bytes)
        } catch {
            throw TokenizerError(source: source, "\(error)")
        }
        let fields = JSONFields(document, source: source)
        let model = fields.fields("model")
        if let type = model.optionalString("type"), type != "WordPiece" {
            model.report("type", Self.unsupported(type, "WordPiece"))
        }
        configuration = WordPieceTokenizer.Configuration(
            normalization: Self.normalization(fields),
            unknownToken: model.string("unk_token", default: "[UNK]"),
            continuingPrefix: model.string("continuing_subword_prefix", default: "##"),
            maximumScalarCountPerWord: model.integer(
                "max_input_chars_per_word", in: 0...Int(Int32.max), default: 100),
            addedTokens: fields.list("added_tokens").map(Self.addedToken))
        Self.checkPreTokenizer(fields)
        Self.readDecoder(fields, into: &configuration)
        configuration.template = Self.template(fields)
        let pieces = Self.pieces(model)
        try fields.finish()
        vocabulary = try WordPieceVocabulary(pieces, source: source)
    }

    private static func unsupported(_ type: String, _ supported: String) -> String {
        "\(type.quotedForMessage()) is not supported; a WordPiece tokenizer has \(supported)"
    }

    // MARK: Sections

    private static func normalization(_ fields: JSONFields) -> BertNormalization {
        guard let section = fields.optionalFields("normalizer") else { return .none }
        let type = section.string("type")
        if type != "BertNormalizer" {
            section.report("type", unsupported(type, "BertNormalizer"))
        }
        return BertNormalization(
            lowercases: section.bool("lowercase", default: true),
            stripsAccents: section.has("strip_accents") ? section.bool("strip_accents") : nil,
            separatesIdeographs: section.bool("handle_chinese_chars", default: true),
            cleansText: section.bool("clean_text", default: true))
    }

    private static func checkPreTokenizer(_ fields: JSONFields) {
        let section = fields.fields("pre_tokenizer")
        let type = section.string("type")
        if type != "BertPreTokenizer", section.has("type") {
            section.report("type", unsupported(type, "BertPreTokenizer"))
        }
    }

    private static func readDecoder(
        _ fields: JSONFields, into configuration: inout WordPieceTokenizer.Configuration
    ) {
        guard let section = fields.optionalFields("decoder") else { return }
        let type = section.string("type")
        if type != "WordPiece" { section.report("type", unsupported(type, "WordPiece")) }
        configuration.cleansUpDecoding = section.bool("cleanup", default: true)
        let prefix = section.string("prefix", default: configuration.continuingPrefix)
        if !haveSameBytes(prefix, configuration.continuingPrefix) {
            section.report(
                "prefix",
                "\(prefix.quotedForMessage()) differs from the model's "
                    + configuration.continuingPrefix.quotedForMessage())
        }
    }

    private static func addedToken(_ fields: JSONFields) -> AddedToken {
        AddedToken(
            fields.string("content"), id: fields.integer("id", in: 0...Int(Int32.max >> 4)),
            isSpecial: fields.bool("special", default: false),
            isSingleWord: fields.bool("single_word", default: false),
            stripsLeft: fields.bool("lstrip", default: false),
            stripsRight: fields.bool("rstrip", default: false),
            isNormalized: fields.bool("normalized", default: true))
    }

    /// The vocabulary as a list by id; ids without a piece stay empty.
    private static func pieces(_ model: JSONFields) -> [String] {
        let members = model.fields("vocab").object.members
        var pieces: [String] = []
        for member in members {
            // Ids far beyond the number of pieces would cost memory for nothing.
            guard let id = member.value.integerValue, (0...(members.count * 4 + 1000)).contains(id)
            else {
                model.report(
                    "vocab",
                    "the id of \(member.key.quotedForMessage()) must be a whole number from 0 to "
                        + "\(members.count * 4 + 1000), found \(member.value)")
                continue
            }
            while pieces.count <= id { pieces.append("") }
            if !pieces[id].isEmpty {
                model.report(
                    "vocab",
                    "\(pieces[id].quotedForMessage()) and \(member.key.quotedForMessage()) both "
                        + "have id \(id)")
            }
            pieces[id] = member.key
        }
        return pieces
    }

    // MARK: Template

    private static func template(_ fields: JSONFields) -> TokenTemplate {
        guard let section = fields.optionalFields("post_processor") else { return .bare }
        switch section.string("type") {
        case "TemplateProcessing":
            let ids = specialIDs(section)
            return TokenTemplate(
                single: pieces(section, "single", ids), pair: pieces(section, "pair", ids))
        case "BertProcessing":
            return .bert(
                classifierID: tokenID(section, "cls"), separatorID: tokenID(section, "sep"))
        case let type:
            section.report("type", unsupported(type, "TemplateProcessing or BertProcessing"))
            return .bare
        }
    }

    /// The id in `["[CLS]", 101]`.
    private static func tokenID(_ section: JSONFields, _ key: String) -> Int {
        let pair = section.array(key)
        guard pair.count == 2, let id = pair[1].integerValue, (0..<(1 << 28)).contains(id) else {
            section.report(key, "expected a token and its id")
            return 0
        }
        return id
    }

    private static func specialIDs(_ section: JSONFields) -> [(name: String, ids: [Int])] {
        let table = section.fields("special_tokens")
        return table.object.keys.map { name in
            let ids = table.fields(name).array("ids").map { value in
                guard let id = value.integerValue, (0..<(1 << 28)).contains(id) else {
                    table.report(name, "the id \(value) must be a whole number from 0")
                    return 0
                }
                return id
            }
            return (name: name, ids: ids)
        }
    }

    private static func pieces(
        _ section: JSONFields, _ key: String, _ ids: [(name: String, ids: [Int])]
    ) -> [TokenTemplate.Piece] {
        var pieces: [TokenTemplate.Piece] = []
        for piece in section.list(key) {
            if let text = piece.optionalFields("Sequence") {
                let name = text.string("id")
                if name != "A", name != "B" { text.report("id", "expected \"A\" or \"B\"") }
                pieces.append(
                    .text(name == "B" ? 1 : 0, typeID: text.integer("type_id", in: 0...127)))
            } else {
                let special = piece.fields("SpecialToken")
                let name = special.string("id")
                let typeID = special.integer("type_id", in: 0...127)
                guard let known = ids.first(where: { haveSameBytes($0.name, name) }) else {
                    special.report(
                        "id", "\(name.quotedForMessage()) is not among the special_tokens")
                    continue
                }
                pieces += known.ids.map { .special(id: $0, typeID: typeID) }
            }
        }
        let texts = pieces.filter { if case .text = $0 { true } else { false } }.count
        if texts != (key == "pair" ? 2 : 1) {
            section.report(key, "expected \(key == "pair" ? "two texts" : "one text")")
        }
        return pieces
    }
}
