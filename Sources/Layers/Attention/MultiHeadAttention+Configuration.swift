import MartletJSON

extension MultiHeadAttention: ConfigurableLayer {
    public convenience init(configuration fields: JSONFields) {
        self.init(
            heads: fields.integer("num_heads", in: JSONFields.extents),
            keyDimension: fields.integer("key_dim", in: JSONFields.extents),
            valueDimension: fields.optionalInteger("value_dim", in: JSONFields.extents),
            dropout: fields.number("dropout", in: 0...1, default: 0),
            useBias: fields.bool("use_bias", default: true),
            outputShape: fields.integers("output_shape", in: JSONFields.extents),
            kernelInitializer: fields.initializer("kernel_initializer", default: .glorotUniform),
            biasInitializer: fields.initializer("bias_initializer", default: .zeros),
            name: fields.name)
    }

    public var configuration: JSONObject {
        JSONObject([
            ("num_heads", .integer(heads)),
            ("key_dim", .integer(keyDimension)),
            ("value_dim", .integer(valueDimension)),
            ("dropout", .number(dropout)),
            ("use_bias", .bool(useBias)),
            ("output_shape", outputShape.map { .integers($0) } ?? .null),
            ("kernel_initializer", kernelInitializer.json),
            ("bias_initializer", biasInitializer.json),
        ])
    }

    public static func callOptions(of inputs: Inputs) -> JSONObject {
        JSONObject([
            ("key", .bool(inputs.key != nil)),
            ("attention_mask", .bool(inputs.attentionMask != nil)),
            ("use_causal_mask", .bool(inputs.useCausalMask)),
            ("return_attention_scores", .bool(inputs.returnsScores)),
        ])
    }

    public static func inputs(from tensors: [Tensor], options: JSONFields) throws -> Inputs {
        let hasKey = options.bool("key", default: false)
        let hasMask = options.bool("attention_mask", default: false)
        var rest = tensors[...]
        guard tensors.count == 2 + (hasKey ? 1 : 0) + (hasMask ? 1 : 0),
            let query = rest.popFirst(), let value = rest.popFirst()
        else {
            throw LayerError("MultiHeadAttention: \(tensors.count) tensors do not fit its call")
        }
        return Inputs(
            query: query, value: value, key: hasKey ? rest.popFirst() : nil,
            attentionMask: hasMask ? rest.popFirst() : nil,
            useCausalMask: options.bool("use_causal_mask", default: false),
            returnsScores: options.bool("return_attention_scores", default: false))
    }
}
