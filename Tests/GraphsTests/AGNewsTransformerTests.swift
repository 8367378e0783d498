import MartletGraphs
import MartletJSON
import MartletLayers
import Testing

struct AGNewsTransformerTests {
    @Test func theSummaryIsTheLessons() throws {
        let summary = try AGNewsTransformer.model().summary()
        let expected = """
            Model: "ag_news_transformer"
            _________________________________________________________________
            Layer (type)                 Output Shape              Param #   
            =================================================================
            text_vectorization (TextVect (None, 256)               0         
            _________________________________________________________________
            token_and_position_embedding (None, 256, 32)           648192    
            _________________________________________________________________
            transformer_block (Transform (None, 256, 32)           10656     
            _________________________________________________________________
            global_average_pooling1d (Gl (None, 32)                0         
            _________________________________________________________________
            dropout (Dropout)            (None, 32)                0         
            _________________________________________________________________
            dense (Dense)                (None, 20)                660       
            _________________________________________________________________
            dropout_1 (Dropout)          (None, 20)                0         
            _________________________________________________________________
            dense_1 (Dense)              (None, 4)                 84        
            =================================================================
            Total params: 659,592
            Trainable params: 659,592
            Non-trainable params: 0
            _________________________________________________________________
            """
        #expect(summary.description == expected)
    }

    @Test func maskZeroReachesAttentionAndTheMean() throws {
        var sizes = AGNewsTransformer.Hyperparameters()
        func selections(_ model: Model) throws -> Int {
            try model.graph(batchBound: 2).nodes.count {
                if case .attention(let op) = $0.op { op.hasMask } else { false }
            }
        }
        #expect(try selections(AGNewsTransformer.model(sizes)) == 0)
        sizes.maskZero = true
        let model = try AGNewsTransformer.model(sizes)
        #expect(try selections(model) == 1)
        #expect(model.declarationDiagnostics.isEmpty)
    }

    @Test func itReadsBackFromJSON() throws {
        var sizes = AGNewsTransformer.Hyperparameters()
        sizes.maskZero = true
        sizes.dropout = 0.25
        let model = try AGNewsTransformer.model(sizes)
        let again = try Model.make(from: model.json(), registry: .graphs)
        #expect(
            try again.graph(training: true, batchBound: 4)
                == model.graph(training: true, batchBound: 4))
    }

    @Test func longerSequencesThanPositionsAreRefused() {
        let layer = TokenAndPositionEmbedding(maxLength: 8, vocabularySize: 10, dimension: 2)
        #expect(
            throws: LayerError(
                path: "token_and_position_embedding",
                "expected ids [batch, length] of at most 8 steps, received i32[batch, 9]")
        ) { try layer(Input(shape: [9], dtype: .i32)) }
    }
}
