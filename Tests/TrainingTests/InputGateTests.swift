import MartletLayers
import MartletTraining
import Testing

/// What is refused before anything runs, in the words the user reads.
struct InputGateTests {
    struct Refusal: Sendable, CustomTestStringConvertible {
        var name: String
        var message: String
        var run: @Sendable (Sequential) async throws -> Void

        init(
            _ name: String, _ message: String,
            _ run: @escaping @Sendable (Sequential) async throws -> Void
        ) {
            (self.name, self.message, self.run) = (name, message, run)
        }

        var testDescription: String { name }
    }

    /// Two rows of three numbers for a model of three classes.
    static func examples(
        _ x: [Float] = [1, 2, 3, 4, 5, 6], shape: [Int] = [2, 3], y: [Int32]? = [0, 2],
        sampleWeight: [Float]? = nil
    ) throws -> Examples {
        Examples(
            x: try DataArray(x, shape: shape), y: y.map { DataArray($0) },
            sampleWeight: sampleWeight)
    }

    static let refusals: [Refusal] = [
        Refusal("no examples", "data: there are no examples; give at least one") {
            try await $0.fit(examples([], shape: [0, 3], y: []))
        },
        Refusal(
            "shape",
            "input \"x\": expected f32[batch, 3], received f32[3, 2]; the axes after the first "
                + "must have these lengths"
        ) { try await $0.fit(examples(shape: [3, 2], y: [0, 1, 2])) },
        Refusal(
            "strings",
            "input \"x\": expected f32[batch, 3], received strings; put a layer that turns strings "
                + "into numbers, such as TextVectorization, at the front of the model"
        ) {
            _ = try await $0.predict(x: DataArray(.strings(["a", "b", "c"]), shape: [1, 3]))
        },
        Refusal(
            "no labels",
            "labels: none are given; the loss sparse_categorical_crossentropy "
                + "needs i32[batch]"
        ) { try await $0.fit(examples(y: nil)) },
        Refusal("labels too few", "labels: 1 labels for 2 examples; give one for every example") {
            try await $0.fit(examples(y: [0]))
        },
        Refusal(
            "label out of range",
            "labels: row 1: class 3 is outside 0..<3, the model's outputs; number the classes from "
                + "0, or give the last layer more units"
        ) { try await $0.fit(examples(y: [0, 3])) },
        Refusal(
            "label below range in the evaluation",
            "labels: row 0: class -1 is outside 0..<3, the model's outputs; number the classes "
                + "from 0, or give the last layer more units"
        ) { _ = try await $0.evaluate(examples(y: [-1, 0])) },
        Refusal(
            "label that is no number of a class",
            "labels: row 1: 0.5 is no whole number, but i32[batch] is expected"
        ) {
            try await $0.fit(
                x: DataArray([Float(1), 2, 3, 4, 5, 6], shape: [2, 3]),
                y: DataArray([Float(1), 0.5]))
        },
        Refusal(
            "one-hot labels",
            "labels: the loss sparse_categorical_crossentropy expects i32[batch], received "
                + "f32[2, 3]; these look one-hot: give class numbers, or use "
                + "categoricalCrossentropy"
        ) {
            try await $0.fit(
                x: DataArray([Float(1), 2, 3, 4, 5, 6], shape: [2, 3]),
                y: DataArray([Float(1), 0, 0, 0, 1, 0], shape: [2, 3]))
        },
        Refusal(
            "sample weights too few",
            "sample weights: 1 weights for 2 examples; give one for every example"
        ) { try await $0.fit(examples(sampleWeight: [1])) },
        Refusal("sample weight not finite", "sample weights: row 1: inf is no finite number") {
            try await $0.fit(examples(sampleWeight: [1, .infinity]))
        },
        Refusal(
            "class and sample weights",
            "fit: class weights and sample weights cannot be given together; multiply them into "
                + "the sample weights"
        ) { try await $0.fit(examples(sampleWeight: [1, 1]), classWeight: [0: 2]) },
        Refusal(
            "class weight not finite", "fit: the weight of class 1 is nan, expected a finite number"
        ) { try await $0.fit(examples(), classWeight: [0: 1, 1: .nan]) },
        Refusal("unknown input", "data: there is no input \"ids\"; the model takes \"x\"") {
            let x = try DataArray([Float(1), 2, 3], shape: [1, 3])
            _ = try await $0.predict(Examples(inputs: [Examples.Input("ids", x)]))
        },
        Refusal(
            "too many inputs", "data: 2 inputs are given, but the model takes 1: \"x\""
        ) {
            let x = Examples.Input(nil, try DataArray([Float(1), 2, 3], shape: [1, 3]))
            _ = try await $0.predict(Examples(inputs: [x, x]))
        },
        Refusal(
            "validation split",
            "fit: validationSplit 0.1 of 1 examples leaves 0 to learn from and 1 to validate on; "
                + "give more examples or another share"
        ) {
            try await $0.fit(examples([1, 2, 3], shape: [1, 3], y: [0]), validationSplit: 0.1)
        },
        Refusal("share", "fit: validationSplit is 1.5, expected a share between 0 and 1") {
            try await $0.fit(examples(), validationSplit: 1.5)
        },
        Refusal("batch size", "fit: batchSize is 0, expected 1 or more") {
            try await $0.fit(examples(), batchSize: 0)
        },
        Refusal("epochs", "fit: epochs is -1, expected 0 or more") {
            try await $0.fit(examples(), epochs: -1)
        },
        Refusal("frequency", "fit: validationFrequency is 0, expected 1 or more") {
            try await $0.fit(examples(), validationFrequency: 0)
        },
        Refusal(
            "monitor",
            "EarlyStopping: it watches \"val_f1\", which is not logged; the names are accuracy, "
                + "loss, and with validation data those with val_ before them"
        ) {
            try await $0.fit(
                examples(), callbacks: [EarlyStopping(monitor: "val_f1")], verbosity: .silent)
        },
        Refusal(
            "weights", "weights: \"dense/kernel\" is f32[3, 3], which has 9 elements; received 2"
        ) { try $0.setWeights(["dense/kernel": [1, 2]]) },
    ]

    static func model() throws -> Sequential {
        let model = try Sequential("small") {
            Input(shape: [3], name: "x")
            Dense(3, activation: .softmax)
        }
        try model.compile(
            optimizer: .sgd(), loss: .sparseCategoricalCrossentropy(), metrics: [.accuracy],
            options: TrainingOptions(threadCount: 1))
        return model
    }

    @Test(arguments: refusals)
    func isRefusedInWords(_ refusal: Refusal) async throws {
        let model = try Self.model()
        let before = try model.weights()
        let error = await #expect(throws: TrainingError.self) { try await refusal.run(model) }
        #expect(error?.description == refusal.message)
        if refusal.name != "monitor" { #expect(try model.weights() == before) }
    }

    @Test func idsOutsideTheVocabularyAreRefused() async throws {
        let model = try StepTests.model()
        var ids = [Int32](repeating: 1, count: 24)
        ids[17] = 50
        let examples = Examples(
            x: try DataArray(ids, shape: [2, 12]), y: DataArray([Int32(0), 1]))
        let error = await #expect(throws: TrainingError.self) {
            try await model.fit(examples, verbosity: .silent)
        }
        #expect(
            error?.description == "input \"ids\": row 1, position 5: id 50 is outside 0..<50, the "
                + "rows of the embedding table; enlarge the table or map unknown ids to one inside")
    }

    @Test func withoutCompilingThereIsNoTraining() async throws {
        let model = try Sequential {
            Input(shape: [3], name: "x")
            Dense(3)
        }
        let error = await #expect(throws: TrainingError.self) {
            try await model.fit(Self.examples())
        }
        #expect(
            error?.description
                == "model: it has no optimizer yet; call compile(optimizer:loss:) first")
        let predictions = try await model.predict(Self.examples())
        #expect(predictions.first.shape == [2, 3])
    }

    @Test func lossesThatAreNoNumberAreRefused() throws {
        let model = try Self.model()
        let error = #expect(throws: TrainingError.self) {
            try model.compile(optimizer: .sgd(), loss: .meanSquaredError(reduction: .none))
        }
        #expect(
            error?.description
                == "compile: the loss mean_squared_error has the reduction none, so it is no "
                + "single number to make small; choose sumOverBatchSize or sum")
        #expect(
            throws: TrainingError(
                "compile",
                "two metrics are named \"accuracy\"; "
                    + "give one of them another name")
        ) {
            try model.compile(
                optimizer: .sgd(), loss: .sparseCategoricalCrossentropy(),
                metrics: [.accuracy, .accuracy])
        }
    }

    @Test func arraysAreChecked() {
        #expect(
            throws: TrainingError(
                "array", "3 elements do not fill the shape [2, 2], which needs 4")
        ) {
            try DataArray([Float(1), 2, 3], shape: [2, 2])
        }
        #expect(
            throws: TrainingError(
                "array", "row 1 has 1 elements, row 0 has 2; pad or cut the rows to one length")
        ) {
            try DataArray(rows: [[Float(1), 2], [3]])
        }
        #expect(throws: TrainingError.self) {
            try DataArray([Float](), shape: [Int.max, 2, 0])
        }
    }
}
