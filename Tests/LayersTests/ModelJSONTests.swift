import Foundation
import MartletJSON
import MartletLayers
import Testing

struct ModelJSONTests {
    private func roundTrip(
        _ model: Model, _ registry: LayerRegistry = .standard
    ) throws -> Model {
        let text = try model.json().text(.indented)
        return try Model.make(from: JSONValue(parsing: text), registry: registry)
    }

    private func expectSameGraph(
        _ model: Model, _ registry: LayerRegistry = .standard
    ) throws {
        let again = try roundTrip(model, registry)
        for training in [false, true] {
            #expect(
                try again.graph(training: training, batchBound: 8)
                    == model.graph(training: training, batchBound: 8))
        }
        #expect(try again.parameters == model.parameters)
        #expect(try again.summary() == model.summary())
        #expect(again is Sequential == model is Sequential)
        #expect(try again.json().text() == model.json().text())
    }

    @Test func sequentialModelsReadBack() throws {
        let model = try Sequential("classifier") {
            Input(shape: [6, 4])
            LayerNormalization(axes: [1, 2], epsilon: 1e-6)
            Dense(8, activation: .leakyReLU(negativeSlope: 0.1), kernelInitializer: .heNormal)
            try Sequential {
                Dense(3, activation: .gelu(approximate: true))
                Dropout(0.5)
            }
            GlobalMaxPooling1D()
            Softmax()
        }
        try model.freeze("dense")
        try expectSameGraph(model)
    }

    @Test func functionalModelsReadBack() throws {
        let ids = Input(shape: [Dimension(Symbol("tokens", bound: 32))], dtype: .i32, name: "ids")
        let other = Input(shape: [5], name: "other")
        let x = try Embedding(inputDimension: 10, outputDimension: 8, maskZero: true)(ids)
        let attention = MultiHeadAttention(heads: 2, keyDimension: 4, dropout: 0.1)
        let (attended, scores) = try attention.withScores(x, x, useCausalMask: true)
        let again = try attention(attended, x, key: attended)
        let sum = try (x + again * 0.5).activation(.elu(alpha: 0.3))
        let pooled = try GlobalAveragePooling1D()(sum.masked(by: #require(x.mask)))
        let shared = Dense(5, name: "shared")
        let y = try Add()(shared(pooled), shared(pooled * 2), other)
        let inner = try Model(
            "inner", inputs: [other], outputs: ["a": try other.tanh(), "b": try other.sum()])
        let nested = try inner([y])
        let model = try Model(
            "outer", inputs: [ids, other],
            outputs: ["a": try nested["a"], "scores": scores, "mask": try #require(x.mask)])
        try expectSameGraph(model)
    }

    @Test func everyTensorOperationReadsBack() throws {
        let x = Input(shape: [4, 6])
        let y = Input(shape: [6])
        let condition = try x.compare(.gt, 0.5).or(x.compare(.le, y.expandingAxes(1))).not()
        let parts: [Tensor] = [
            try condition.select(x, x * 2), try x.softmax(axis: 1), try 2 - x,
            try x.transposed().matmul(x).reshaped(-1, 6), try x.slice(axis: 2, 1..<3),
            try x.max(axes: [1], keepsAxes: true), try x.argMax().converted(to: .f32),
            try x.einsum("abc,ac->ab", y), try Tensor.concatenate([x, x], axis: 1),
            try y.expandingAxes(1).broadcast(like: x).mean(axes: [1, 2]),
        ]
        try expectSameGraph(try Model(inputs: [x, y], outputs: parts))
    }

    private final class Scale: ConfigurableLayer {
        let factor: Double
        let name: String?
        init(_ factor: Double, name: String? = nil) {
            self.factor = factor
            self.name = name
        }
        convenience init(configuration fields: JSONFields) {
            self.init(fields.number("factor", in: 0...10), name: fields.optionalString("name"))
        }
        var configuration: JSONObject { JSONObject([("factor", .number(factor))]) }
        func call(_ x: Tensor, context: CallContext) throws -> Tensor { try x * factor }
    }

    @Test func ownLayersReadBackOnceRegistered() throws {
        let model = try Sequential {
            Input(shape: [2])
            Scale(3)
        }
        try expectSameGraph(model, .standard.registering(Scale.self))
        let error = #expect(throws: LayerError.self) { try roundTrip(model) }
        #expect(
            error?.message.hasPrefix(
                "there is no layer class \"Scale\"; register it with LayerRegistry.registering")
                == true)
    }

    @Test func whatCannotBeSavedSaysSo() throws {
        let model = try Sequential {
            Input(shape: [2])
            Lambda { try $0 * 2 }
        }
        #expect(
            throws: LayerError(
                path: "lambda",
                "Lambda cannot be saved as JSON; make it conform to ConfigurableLayer")
        ) { try model.json() }
    }

    @Test func badFieldsAreNamed() throws {
        let config: JSONObject = ["units": 0, "activation": "reluu", "use_bias": "yes"]
        let error = #expect(throws: JSONProblems.self) {
            try LayerRegistry.standard.make("Dense", configuration: config)
        }
        #expect(error?.problems.count == 3)
        #expect(
            error?.problems.contains("activation: is no activation function known here") == true)
    }

    @Test func configurationsReadBack() throws {
        let layers: [any Configurable] = [
            Dense(3, activation: .softmax, useBias: false), Dropout(0.25), Softmax(axes: [1, 2]),
            MultiHeadAttention(
                heads: 2, keyDimension: 3, valueDimension: 4, dropout: 0.1, useBias: false,
                outputShape: [2, 3], kernelInitializer: .truncatedNormal(standardDeviation: 0.02)),
            EinsumDense("abc,cde->abde", outputShape: [nil, 2, 3], biasAxes: "e"),
            Concatenate(axis: 1), Dot(axes: [2, 1], normalize: true), Reshape([2, -1]),
            Permute([2, 1]), RepeatVector(4), Masking(maskValue: -1), PReLU(sharedAxes: [1]),
            ReLU(maximum: 6, negativeSlope: 0.1, threshold: 1),
            GlobalAveragePooling1D(dataFormat: .channelsFirst, keepsDimensions: true),
            Embedding(inputDimension: 5, outputDimension: 2, maskZero: true),
            LayerNormalization(axes: [1], epsilon: 1e-12, center: false), LeakyReLU(),
            ELU(alpha: 2),
            Flatten(dataFormat: .channelsFirst), Activation(.hardSilu), Add(), Identity(),
        ]
        for layer in layers {
            let again = try LayerRegistry.standard.make(
                type(of: layer).className, configuration: layer.configuration)
            #expect(again.configuration == layer.configuration)
        }
    }

    @Test func activationsAreCodableByName() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let given: [ActivationFunction] = [.relu, .gelu(approximate: true), .softmax(axis: 1)]
        let text = String(decoding: try encoder.encode(given), as: UTF8.self)
        #expect(
            text == """
                ["relu",{"class_name":"gelu","config":{"approximate":true}},\
                {"class_name":"softmax","config":{"axis":1}}]
                """)
        #expect(
            try JSONDecoder().decode([ActivationFunction].self, from: Data(text.utf8)) == given)
    }
}
