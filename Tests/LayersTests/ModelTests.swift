import MartletLayers
import Testing

struct ModelTests {
    private func names(_ model: Model) throws -> [String] { try model.parameters.map(\.name) }

    @Test func classNamesBecomeSnakeCaseAndAreCounted() throws {
        let model = try Sequential {
            Input(shape: [4, 6])
            MultiLine()
            Dense(3)
            Dense(3)
            Dense(3, name: "dense_2")
            Dense(3)
        }
        #expect(
            try names(model).filter { $0.hasSuffix("kernel") } == [
                "multi_line/inner/kernel", "dense/kernel", "dense_1/kernel", "dense_2/kernel",
                "dense_3/kernel",
            ])
    }

    private final class MultiLine: Layer {
        let inner = Dense(2)
        func call(_ x: Tensor, context: CallContext) throws -> Tensor { try inner(x) }
    }

    @Test(arguments: [
        ("MultiHeadAttention", "multi_head_attention"),
        ("GlobalAveragePooling1D", "global_average_pooling1d"), ("ReLU", "re_lu"),
        ("PReLU", "p_re_lu"), ("LSTM", "lstm"), ("Conv2DTranspose", "conv2d_transpose"),
        ("feedForward", "feed_forward"), ("Dense", "dense"), ("ELU", "elu"),
        ("tokenEmbedding", "token_embedding"), ("RNN", "rnn"), ("GRUCell", "gru_cell"),
    ]) func snakeCaseIsKeras(name: String, expected: String) {
        #expect(LayerNames.snakeCase(name) == expected)
    }

    private final class Nest: Layer {
        let blocks = [Dense(2), Dense(2)]
        let optional: Dense? = Dense(2)
        let byName = ["a": Dense(2)]
        let named = Dense(2, name: "mine")
        func call(_ x: Tensor, context: CallContext) throws -> Tensor {
            var x = x
            for block in blocks { x = try block(x) }
            x = try optional.map { try $0(x) } ?? x
            x = try byName["a"].map { try $0(x) } ?? x
            return try named(x)
        }
    }

    @Test func sublayersAreNamedByTheirProperties() throws {
        let x = Input(shape: [2])
        let model = try Model(inputs: x, outputs: try Nest()(x))
        #expect(
            try names(model).filter { $0.hasSuffix("kernel") } == [
                "nest/blocks/0/kernel", "nest/blocks/1/kernel", "nest/optional/kernel",
                "nest/by_name/a/kernel", "nest/mine/kernel",
            ])
    }

    @Test func aLayerAppliedTwiceSharesItsWeights() throws {
        let (a, b) = (Input(shape: [4]), Input(shape: [4]))
        let shared = Dense(3)
        let model = try Model(inputs: [a, b], outputs: [try Add()(shared(a), shared(b))])
        #expect(try names(model) == ["dense/kernel", "dense/bias"])
        let graph = try model.graph(batchBound: 2)
        let products = graph.nodes.filter { if case .dotGeneral = $0.op { true } else { false } }
        #expect(products.count == 2)
        #expect(products[0].operands[1] == products[1].operands[1])
    }

    @Test func functionalModelsHaveNamedInputsAndOutputs() throws {
        let ids = Input(shape: [8], dtype: .i32, name: "ids")
        let features = Input(shape: [3])
        let embedded = try Embedding(inputDimension: 10, outputDimension: 4)(ids)
        let pooled = try GlobalAveragePooling1D()(embedded)
        let joined = try Concatenate()(pooled, features)
        let model = try Model(
            "encoder", inputs: [ids, features],
            outputs: ["pooled_output": try joined.tanh(), "sequence_output": embedded])
        #expect(try model.inputNames == ["ids", "input_layer"])
        #expect(try model.outputs.names == ["pooled_output", "sequence_output"])
        #expect(try model.outputs["pooled_output"].description == "f32[batch, 7]")
        #expect(
            throws: LayerError(
                "there is no output \"pooled\"; the outputs are \"pooled_output\", "
                    + "\"sequence_output\"")
        ) { try model.outputs["pooled"] }
        let traced = try model.trace(training: false, batchBound: 16)
        #expect(
            traced.inputs.map { "\($0.name) \($0.type)" } == [
                "ids i32[batch, 8]", "input_layer f32[batch, 3]",
            ])
        #expect(traced.batch == Symbol("batch", bound: 16))
    }

    @Test func aModelIsALayer() throws {
        let x = Input(shape: [6, 4])
        let inner = try Model(
            "encoder", inputs: [x],
            outputs: ["first": try x.element(0, axis: 1), "all": try Dense(5)(x)])
        let y = Input(shape: [6, 4])
        let encoded = try inner([y])
        let again = try inner(["input_layer": y])
        let model = try Model(
            inputs: y,
            outputs: try Dense(2)(
                Concatenate()(
                    encoded["first"], try again["all"].mean(axes: [1]))))
        #expect(
            try names(model) == [
                "encoder/dense/kernel", "encoder/dense/bias", "dense/kernel", "dense/bias",
            ])
        let graph = try model.graph(batchBound: 3)
        #expect(graph.nodes.contains { $0.path == "encoder/dense" })
        try Verifier.verify(graph)
    }

    @Test func anInnerTensorBecomesAnOutputOfAnotherModel() throws {
        let base = try Sequential {
            Input(shape: [4])
            Dense(3, name: "hidden")
        }
        let wider = try Model(
            inputs: base.inputs, outputs: ["twice": try base.outputs["hidden"] * 2])
        #expect(try wider.outputs["twice"].description == "f32[batch, 3]")
    }

    @Test func aSequentialWithoutInputIsALayerOnly() throws {
        let block = try Sequential {
            Dense(8, activation: .relu)
            Dropout(0.5)
        }
        #expect(
            throws: LayerError(
                path: "sequential",
                "the input is not known yet; begin with Input(shape:) or a layer of strings")
        ) { try block.trace(training: false, batchBound: 1) }
        let x = Input(shape: [4])
        let model = try Model(inputs: x, outputs: try block(x))
        #expect(try names(model) == ["sequential/dense/kernel", "sequential/dense/bias"])
    }

    @Test func builderTakesConditionsAndLoops() throws {
        let deep = true
        let model = try Sequential {
            Input(shape: [4])
            for _ in 0..<2 { Dense(4) }
            if deep { Dense(2) } else { Dense(3) }
        }
        #expect(try model.outputs.values[0].description == "f32[batch, 2]")
    }

    @Test func lengthsMayBeSymbols() throws {
        let tokens = Symbol("tokens", bound: 64)
        let x = Input(shape: [Dimension(tokens), 8])
        let attention = MultiHeadAttention(heads: 2, keyDimension: 4)
        let model = try Model(
            inputs: x, outputs: try LayerNormalization()(x + attention(x, x)))
        let graph = try model.graph(batchBound: 4)
        try Verifier.verify(graph)
        #expect(graph.symbols == [Symbol("batch", bound: 4), tokens])
    }

    @Test func masksOfDeclaredTensorsAreTensors() throws {
        let ids = Input(shape: [4], dtype: .i32)
        let x = try Embedding(inputDimension: 5, outputDimension: 2, maskZero: true)(ids)
        let mask = try #require(x.mask)
        let model = try Model(inputs: ids, outputs: ["mask": mask])
        let results = try ReferenceInterpreter().run(
            model.graph(batchBound: 1),
            [
                "input_layer": ReferenceTensor(.i32, shape: [1, 4], elements: [3, 0, 1, 0]),
                "embedding/embeddings": ReferenceTensor(.f32, shape: [5, 2]),
            ])
        #expect(results["mask"]?.elements == [1, 0, 1, 0])
    }
}
