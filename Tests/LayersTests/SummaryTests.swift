import MartletLayers
import Testing

struct SummaryTests {
    /// A host layer without a vocabulary: it has the shape of text vectorization.
    private final class Vectorizer: HostLayer {
        var name: String? { "text_vectorization" }
        func outputs() throws -> [HostOutput] { [HostOutput(shape: [256])] }
        func encode(_ strings: [[String]], into buffers: [HostBuffer]) throws {}
    }

    @Test func theLessonsTable() throws {
        let model = try Sequential {
            Vectorizer()
            TokenAndPositionEmbedding(maxLength: 256, vocabularySize: 20_000, dimension: 32)
            TransformerBlock(dimension: 32, heads: 2, feedForward: 32)
            GlobalAveragePooling1D()
            Dropout(0.1)
            Dense(20, activation: .relu)
            Dropout(0.1)
            Dense(4, activation: .softmax)
        }
        let summary = try model.summary()
        #expect(summary.rows.map(\.parameterCount) == [0, 648_192, 10_656, 0, 0, 660, 0, 84])
        let expected = """
            Model: "sequential"
            _________________________________________________________________
            Layer (type)                 Output Shape              Param #   
            =================================================================
            text_vectorization (Vectoriz (None, 256)               0         
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

    @Test func functionalModelsShowConnections() throws {
        let (a, b) = (Input(shape: [8], name: "left"), Input(shape: [8], name: "right"))
        let shared = Dense(4, name: "shared")
        let joined = try Concatenate()(shared(a), shared(b))
        let model = try Model(
            "pair", inputs: [a, b], outputs: [try Dense(1, name: "score")(joined)])
        try model.freeze("shared")
        let expected = """
            Model: "pair"
            __________________________________________________________________________________________________
            Layer (type)                    Output Shape         Param #     Connected to                     
            ==================================================================================================
            left (InputLayer)               [(None, 8)]          0                                            
            __________________________________________________________________________________________________
            right (InputLayer)              [(None, 8)]          0                                            
            __________________________________________________________________________________________________
            shared (Dense)                  (None, 4)            36          left[0][0]                       
                                                                             right[0][0]                      
            __________________________________________________________________________________________________
            concatenate (Concatenate)       (None, 8)            0           shared[0][0]                     
                                                                             shared[1][0]                     
            __________________________________________________________________________________________________
            score (Dense)                   (None, 1)            9           concatenate[0][0]                
            ==================================================================================================
            Total params: 45
            Trainable params: 9
            Non-trainable params: 36
            __________________________________________________________________________________________________
            """
        #expect(try model.summary().description == expected)
    }
}
