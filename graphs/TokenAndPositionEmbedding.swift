import Martlet
import MartletJSON

/// The sum of a token's row and its position's row: `[batch, length]` → `[batch, length,
/// dimension]`.
///
/// Written as a user writes a layer. Sequences may be shorter than `maxLength`, not longer.
public final class TokenAndPositionEmbedding: Layer {
    public let tokenEmbedding: Embedding
    public let positionEmbedding: Embedding
    public let name: String?

    /// - Parameter maskZero: whether id 0 is padding. The raw addition drops the mask of the
    ///   tokens, as in Keras, so this layer hands it on.
    public init(
        maxLength: Int, vocabularySize: Int, dimension: Int, maskZero: Bool = false,
        name: String? = nil
    ) {
        tokenEmbedding = Embedding(
            inputDimension: vocabularySize, outputDimension: dimension, maskZero: maskZero)
        positionEmbedding = Embedding(inputDimension: maxLength, outputDimension: dimension)
        self.name = name
    }

    public var maskRule: MaskRule { .custom }

    public func call(_ ids: Tensor, context: CallContext) throws -> Tensor {
        try context.require(
            ids.rank == 2 && (ids.shape[1].bound ?? 0) <= positionEmbedding.inputDimension,
            "expected ids [batch, length] of at most \(positionEmbedding.inputDimension) steps, "
                + "received \(ids)")
        let tokens = try tokenEmbedding(ids)
        let sum = try tokens + positionEmbedding(context.range(ids.shape[1]))
        return try tokens.mask.map { try sum.masked(by: $0) } ?? sum
    }
}

extension TokenAndPositionEmbedding: ConfigurableLayer {
    public convenience init(configuration fields: JSONFields) {
        let extents = 1...Int(Int32.max)
        self.init(
            maxLength: fields.integer("max_length", in: extents),
            vocabularySize: fields.integer("vocabulary_size", in: extents),
            dimension: fields.integer("dimension", in: extents),
            maskZero: fields.bool("mask_zero", default: false),
            name: fields.optionalString("name"))
    }

    public var configuration: JSONObject {
        JSONObject([
            ("max_length", .integer(Int64(positionEmbedding.inputDimension))),
            ("vocabulary_size", .integer(Int64(tokenEmbedding.inputDimension))),
            ("dimension", .integer(Int64(tokenEmbedding.outputDimension))),
            ("mask_zero", .bool(tokenEmbedding.maskZero)),
        ])
    }
}
