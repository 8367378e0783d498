import MartletJSON
import MartletLayers
import Synchronization

/// Keras's `TextVectorization` as the first layer of a model: strings in, token ids (or
/// bag-of-words features) out. It runs on the host, before the graph.
///
/// ```swift
/// let vectorize = TextVectorization(maxTokens: 20_000, outputSequenceLength: 256)
/// try vectorize.adapt(texts)
/// let model = try Sequential("news") {
///     vectorize
///     Embedding(inputDimension: 20_000, outputDimension: 32)
///     …
/// }
/// ```
///
/// Learning the vocabulary is the one thing about a layer that changes; it is guarded, so that a
/// model may be used from many threads.
public final class TextVectorization: HostLayer {
    public let name: String?
    public let options: TextVectorizerOptions
    private let state: Mutex<Result<TextVectorizer, TextVectorizationError>>

    /// Options that contradict each other are reported when the layer is put into a model or
    /// adapted.
    public convenience init(
        maxTokens: Int? = nil,
        standardize: TextVectorizerOptions.Standardize = .lowerAndStripPunctuation,
        split: TextVectorizerOptions.Split = .whitespace,
        ngrams: TextVectorizerOptions.Ngrams? = nil,
        outputMode: TextVectorizerOptions.OutputMode = .int,
        outputSequenceLength: Int? = nil, padToMaxTokens: Bool = false, name: String? = nil
    ) {
        self.init(
            TextVectorizerOptions(
                maxTokens: maxTokens, standardize: standardize, split: split, ngrams: ngrams,
                outputMode: outputMode, outputSequenceLength: outputSequenceLength,
                padToMaxTokens: padToMaxTokens), name: name)
    }

    public init(_ options: TextVectorizerOptions, name: String? = nil) {
        self.name = name
        self.options = options
        state = Mutex(
            Self.result { () throws(TextVectorizationError) in try TextVectorizer(options) })
    }

    /// A layer around a vectorizer that may be adapted already.
    public init(_ vectorizer: TextVectorizer, name: String? = nil) {
        self.name = name
        options = vectorizer.options
        state = Mutex(.success(vectorizer))
    }

    private static func result(
        _ make: () throws(TextVectorizationError) -> TextVectorizer
    ) -> Result<TextVectorizer, TextVectorizationError> {
        do throws(TextVectorizationError) { return .success(try make()) } catch {
            return .failure(error)
        }
    }

    /// What does the work, with the vocabulary learned so far.
    public var vectorizer: TextVectorizer {
        get throws(TextVectorizationError) { try state.withLock { $0 }.get() }
    }

    /// Learns the vocabulary of these texts, in one pass; replaces one learned before.
    ///
    /// - Throws: ``TextVectorizationError`` if the options contradict each other, the vocabulary
    ///   was given, or there are no tokens; nothing has then changed.
    public func adapt(_ texts: some Sequence<String>) throws(TextVectorizationError) {
        var vectorizer = try vectorizer
        try vectorizer.adapt(texts)
        let adapted = vectorizer
        state.withLock { $0 = .success(adapted) }
    }

    // MARK: HostLayer

    public func outputs() throws -> [HostOutput] {
        let vectorizer = try vectorizer
        guard options.outputMode == .int else {
            let width = options.padToMaxTokens ? options.maxTokens : nil
            guard let width = width ?? (vectorizer.isAdapted ? vectorizer.featureCount : nil) else {
                throw LayerError(
                    path: name ?? "text_vectorization",
                    "the number of features is not known yet; adapt the layer first, or set "
                        + "padToMaxTokens")
            }
            return [HostOutput(shape: [Dimension(width)], dtype: .f32)]
        }
        guard let length = options.outputSequenceLength else {
            throw LayerError(
                path: name ?? "text_vectorization",
                "the length of a row is not known; set outputSequenceLength")
        }
        return [HostOutput(shape: [Dimension(length)], dtype: .i32)]
    }

    public func encode(_ strings: [[String]], into buffers: [HostBuffer]) throws {
        guard strings.count == 1, buffers.count == 1 else {
            throw LayerError(
                path: name ?? "text_vectorization",
                "expected 1 column of strings and 1 buffer, received \(strings.count) and "
                    + "\(buffers.count)")
        }
        switch buffers[0] {
        case .int32(let buffer): try vectorizer.encode(strings[0], into: buffer)
        case .float(let buffer): try vectorizer.features(of: strings[0], into: buffer)
        }
    }
}

extension TextVectorization: Configurable {
    public convenience init(configuration fields: JSONFields) {
        let options = TextVectorizerOptions(
            maxTokens: fields.optionalInteger("max_tokens", in: 1...Int(Int32.max)),
            standardize: fields.choice(
                "standardize", default: .lowerAndStripPunctuation, none: .none),
            split: fields.choice("split", default: .whitespace, none: .none),
            ngrams: Self.ngrams(fields),
            outputMode: fields.choice("output_mode", default: .int, none: .int),
            outputSequenceLength: fields.optionalInteger(
                "output_sequence_length", in: 1...Int(Int32.max)),
            padToMaxTokens: fields.bool("pad_to_max_tokens", default: false))
        let name = fields.optionalString("name")
        guard let vocabulary = fields.optionalArray("vocabulary") else {
            self.init(options, name: name)
            return
        }
        do throws(TextVectorizationError) {
            let weights = fields.optionalArray("idf_weights")
            self.init(
                try TextVectorizer(
                    options, vocabulary: vocabulary.compactMap(\.stringValue),
                    idfWeights: weights?.compactMap { $0.doubleValue.map(Float.init) }), name: name)
        } catch {
            fields.report("vocabulary", "\(error)")
            self.init(options, name: name)
        }
    }

    private static func ngrams(_ fields: JSONFields) -> TextVectorizerOptions.Ngrams? {
        guard let value = fields.value("ngrams") else { return nil }
        if let width = value.integerValue { return .upTo(width) }
        let widths = (value.arrayValue ?? []).compactMap(\.integerValue)
        if widths.isEmpty { fields.report("ngrams", "expected an integer or an array of them") }
        return .widths(widths)
    }

    /// The options, and the vocabulary once there is one.
    public var configuration: JSONObject {
        var object = JSONObject([
            ("max_tokens", options.maxTokens.map { .integer(Int64($0)) } ?? .null),
            ("standardize", .string(options.standardize.rawValue)),
            ("split", .string(options.split.rawValue)),
            ("ngrams", ngramsJSON),
            ("output_mode", .string(options.outputMode.rawValue)),
            (
                "output_sequence_length",
                options.outputSequenceLength.map { .integer(Int64($0)) } ?? .null
            ),
            ("pad_to_max_tokens", .bool(options.padToMaxTokens)),
        ])
        guard let vectorizer = try? vectorizer, vectorizer.isAdapted else { return object }
        object["vocabulary"] = .array(vectorizer.vocabulary.map { .string($0) })
        if let weights = vectorizer.idfWeights {
            object["idf_weights"] = .array(weights.map { .number(Double($0)) })
        }
        return object
    }

    private var ngramsJSON: JSONValue {
        switch options.ngrams {
        case .upTo(let width): .integer(Int64(width))
        case .widths(let widths): .array(widths.map { .integer(Int64($0)) })
        case nil: .null
        }
    }
}

extension JSONFields {
    /// A field whose value is one of an enum's names; JSON null stands for `none`.
    fileprivate func choice<Choice: RawRepresentable & CaseIterable>(
        _ key: String, default standIn: Choice, none: Choice
    ) -> Choice where Choice.RawValue == String {
        if case .null? = object[key] { return none }
        guard let name = optionalString(key) else { return standIn }
        if let choice = Choice(rawValue: name) { return choice }
        let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        report(key, "expected one of \(known), found \"\(name)\"")
        return standIn
    }
}
