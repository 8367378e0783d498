extension Op {
    /// How to read each op of the textual IR, by name: the one table of names.
    private static let readers: [String: @Sendable (inout AttributeReader) throws -> Op] = {
        var readers: [String: @Sendable (inout AttributeReader) throws -> Op] = [
            "input": { .input(try Input(reading: &$0)) },
            "constant": { .constant(try Constant(reading: &$0)) },
            "iota": { .iota(try Iota(reading: &$0)) },
            "get_dimension_size": { .dimensionSize(try DimensionSize(reading: &$0)) },
            "random_bits": { .randomBits(try RandomBits(reading: &$0)) },
            "compare": { .compare(try Compare(reading: &$0)) },
            "select": { .select(try Select(reading: &$0)) },
            "convert": { .convert(try Convert(reading: &$0)) },
            "broadcast_in_dim": { .broadcastInDim(try BroadcastInDim(reading: &$0)) },
            "reshape": { .reshape(try Reshape(reading: &$0)) },
            "transpose": { .transpose(try Transpose(reading: &$0)) },
            "slice": { .slice(try Slice(reading: &$0)) },
            "pad": { .pad(try Pad(reading: &$0)) },
            "concatenate": { .concatenate(try Concatenate(reading: &$0)) },
            "gather": { .gather(try Gather(reading: &$0)) },
            "scatter_add": { .scatterAdd(try ScatterAdd(reading: &$0)) },
            "pack_indices": { .packIndices(try PackIndices(reading: &$0)) },
            "pack_tokens": { .packTokens(try PackTokens(reading: &$0)) },
            "unpack_tokens": { .unpackTokens(try UnpackTokens(reading: &$0)) },
            "dot_general": { .dotGeneral(try DotGeneral(reading: &$0)) },
            "reduce": { .reduce(try Reduce(reading: &$0)) },
            "arg_max": { .argMax(try ArgMax(reading: &$0)) },
            "softmax": { .softmax(try Softmax(reading: &$0)) },
            "log_softmax": { .logSoftmax(try LogSoftmax(reading: &$0)) },
            "gelu": { .gelu(try Gelu(reading: &$0)) },
            "dropout": { .dropout(try Dropout(reading: &$0)) },
            "embedding": { .embedding(try EmbeddingLookup(reading: &$0)) },
            "embedding_gradient": { .embeddingGradient(try EmbeddingGradient(reading: &$0)) },
            "bias_activation": { .biasActivation(try BiasActivation(reading: &$0)) },
            "bias_activation_gradient": {
                .biasActivationGradient(try BiasActivationGradient(reading: &$0))
            },
            "layer_norm": { .layerNorm(try LayerNorm(reading: &$0)) },
            "layer_norm_gradient": { .layerNormGradient(try LayerNormGradient(reading: &$0)) },
            "attention": { .attention(try Attention(reading: &$0)) },
            "attention_gradient": { .attentionGradient(try AttentionGradient(reading: &$0)) },
            "packed_attention": { .packedAttention(try PackedAttention(reading: &$0)) },
            "packed_attention_gradient": {
                .packedAttentionGradient(try PackedAttentionGradient(reading: &$0))
            },
            "softmax_cross_entropy": {
                .softmaxCrossEntropy(try SoftmaxCrossEntropy(reading: &$0))
            },
            "softmax_cross_entropy_gradient": {
                .softmaxCrossEntropyGradient(try SoftmaxCrossEntropyGradient(reading: &$0))
            },
            "sgd_update": { .sgdUpdate(try SGDUpdate(reading: &$0)) },
            "adam_update": { .adamUpdate(try AdamUpdate(reading: &$0)) },
            "embedding_adam_update": {
                .embeddingAdamUpdate(try EmbeddingAdamUpdate(reading: &$0))
            },
        ]
        for kind in Unary.Kind.allCases {
            readers[kind.rawValue] = { .unary(try Unary(reading: &$0)) }
        }
        for kind in Binary.Kind.allCases {
            readers[kind.rawValue] = { .binary(try Binary(reading: &$0)) }
        }
        return readers
    }()

    /// The name of every op of the textual IR, sorted.
    public static var names: [String] { readers.keys.sorted() }

    /// The op of a name with attributes as the text gives them.
    ///
    /// - Throws: `TypeMismatch` for an unknown name, or an attribute that is missing, unknown or
    ///   of the wrong kind.
    static func read(_ name: String, _ attributes: [Attribute]) throws -> Op {
        guard let read = readers[name] else {
            throw TypeMismatch("there is no such op; docs/ir.md lists all")
        }
        var reader = try AttributeReader(op: name, attributes)
        let op = try read(&reader)
        try reader.finish()
        return op
    }
}
