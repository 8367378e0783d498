import MartletJSON

/// Rows of a table by integer id: `[batch, …]` → `[batch, …, outputDimension]`.
///
/// Weight `embeddings [inputDimension, outputDimension]`, uniform in ±0.05 at first. With
/// `maskZero`, id 0 is padding: the output carries a mask that is false there. An id outside
/// the table is an error at run time.
public final class Embedding: Layer {
    public let inputDimension: Int
    public let outputDimension: Int
    public let maskZero: Bool
    public let embeddingsInitializer: Initializer
    public let name: String?

    public init(
        inputDimension: Int, outputDimension: Int, maskZero: Bool = false,
        embeddingsInitializer: Initializer = .uniform(), name: String? = nil
    ) {
        self.inputDimension = inputDimension
        self.outputDimension = outputDimension
        self.maskZero = maskZero
        self.embeddingsInitializer = embeddingsInitializer
        self.name = name
    }

    public var maskRule: MaskRule { .custom }

    public func call(_ ids: Tensor, context: CallContext) throws -> Tensor {
        try context.require(
            inputDimension > 0 && outputDimension > 0,
            "the table must have 1 row and 1 column or more, "
                + "received \(inputDimension) × \(outputDimension)")
        try context.require(ids.dtype != .bool, "expected integer ids, received \(ids)")
        let table = try context.weight(
            "embeddings", shape: [Dimension(inputDimension), Dimension(outputDimension)],
            initializer: embeddingsInitializer)
        let indices = ids.dtype.isInteger ? ids : try ids.converted(to: .i32)
        let rows = try context.emit(.embedding(EmbeddingLookup()), [table, indices])[0]
        return maskZero ? try rows.masked(by: ids.compare(.ne, 0)) : rows
    }
}

extension Embedding: ConfigurableLayer {
    public convenience init(configuration fields: JSONFields) {
        self.init(
            inputDimension: fields.integer("input_dim", in: JSONFields.extents),
            outputDimension: fields.integer("output_dim", in: JSONFields.extents),
            maskZero: fields.bool("mask_zero", default: false),
            embeddingsInitializer: fields.initializer(
                "embeddings_initializer", default: .uniform()),
            name: fields.name)
    }

    public var configuration: JSONObject {
        JSONObject([
            ("input_dim", .integer(inputDimension)),
            ("output_dim", .integer(outputDimension)),
            ("mask_zero", .bool(maskZero)),
            ("embeddings_initializer", embeddingsInitializer.json),
        ])
    }
}
