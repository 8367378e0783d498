import MartletLayers
import MartletTraining
import Testing

/// What compiling and fitting finds doubtful, to the word; and that nothing else is found.
@Suite struct DiagnosticTests {
    private func found(
        _ model: Model, _ loss: Loss = .sparseCategoricalCrossentropy()
    ) throws -> [Diagnostic] {
        try model.compile(optimizer: .adam(), loss: loss)
        return model.diagnostics
    }

    /// Refused where training is strict, with the same words.
    private func expectRefused(
        _ model: Model, _ loss: Loss = .sparseCategoricalCrossentropy(),
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let words = try found(model, loss).map(\.description)
        #expect(!words.isEmpty, sourceLocation: sourceLocation)
        let error = #expect(throws: StrictError.self, sourceLocation: sourceLocation) {
            try model.compile(
                optimizer: .adam(), loss: loss, options: TrainingOptions(isStrict: true))
        }
        #expect(error?.diagnostics.map(\.description) == words, sourceLocation: sourceLocation)
    }

    private func classifier(_ activation: ActivationFunction) throws -> Model {
        try Sequential("m") {
            Input(shape: [3])
            Dense(4, activation: .relu)
            Dense(2, activation: activation, name: "classifier")
        }
    }

    // MARK: Logits

    @Test func logitsIntoAProbabilityLoss() throws {
        let losses: [(Loss, String, String)] = [
            (.sparseCategoricalCrossentropy(), "sparse_categorical_crossentropy", "softmax"),
            (.categoricalCrossentropy(), "categorical_crossentropy", "softmax"),
            (.binaryCrossentropy(), "binary_crossentropy", "sigmoid"),
        ]
        for (loss, name, activation) in losses {
            let model = try classifier(.linear)
            #expect(
                try found(model, loss) == [
                    Diagnostic(
                        .logitsIntoProbabilityLoss, "classifier",
                        "\(name) expects probabilities, but this layer gives logits: those of 1 "
                            + "or more, and of 0 or less, get no gradient. Set fromLogits: true in "
                            + "the loss, or give the layer the activation .\(activation)")
                ])
            try expectRefused(model, loss)
        }
        #expect(try found(classifier(.linear), .meanSquaredError).isEmpty)
        #expect(try found(classifier(.softmax)).isEmpty)
        #expect(try found(classifier(.sigmoid), .binaryCrossentropy()).isEmpty)
        #expect(
            try found(classifier(.linear), .sparseCategoricalCrossentropy(fromLogits: true))
                .isEmpty)
    }

    @Test func probabilitiesIntoALogitLoss() throws {
        let model = try classifier(.softmax)
        let loss = Loss.sparseCategoricalCrossentropy(fromLogits: true)
        #expect(
            try found(model, loss).map(\.description) == [
                "classifier: sparse_categorical_crossentropy: fromLogits is true, but the output "
                    + "is a softmax, so it is probabilities; the loss uses what the softmax was "
                    + "taken of. Remove the activation or set fromLogits: false"
            ])
        try expectRefused(model, loss)
    }

    // MARK: Masks

    /// An encoder of ids that forgets the mask on the way, or keeps it.
    private func pooled(maskZero: Bool, keepsMask: Bool) throws -> Model {
        let ids = Input(shape: [5], dtype: .i32, name: "ids")
        let embedded = try Embedding(
            inputDimension: 9, outputDimension: 3, maskZero: maskZero, name: "table")(ids)
        let doubled =
            keepsMask ? try Add(name: "sum")([embedded, embedded]) : try embedded + embedded
        let mean = try GlobalAveragePooling1D(name: "mean")(doubled)
        return try Model(
            inputs: ids, outputs: Dense(2, activation: .softmax, name: "head")(mean))
    }

    @Test func aMaskThatIsLostBeforeAMean() throws {
        let model = try pooled(maskZero: true, keepsMask: false)
        #expect(
            try found(model).map(\.description) == [
                "table: its mask reaches no layer that uses it, so padding counts as tokens do. "
                    + "Sums and other functions of tensors drop masks: add with Add(), or attach "
                    + "the mask again with masked(by:)"
            ])
        try expectRefused(model)
        #expect(try found(pooled(maskZero: true, keepsMask: true)).isEmpty)
        // Numbers given by the user may have no padding.
        #expect(try found(pooled(maskZero: false, keepsMask: false)).isEmpty)
    }

    @Test func aMaskThatEndsAtALayer() throws {
        let ids = Input(shape: [5], dtype: .i32)
        let embedded = try Embedding(
            inputDimension: 9, outputDimension: 3, maskZero: true, name: "table")(ids)
        let flat = try Flatten(name: "flat")(embedded)
        let model = try Model(inputs: ids, outputs: Dense(2, activation: .softmax)(flat))
        #expect(
            try found(model).map(\.description) == [
                "flat: Flatten was given a masked input but does not support masks; the mask ends "
                    + "here, and padding counts as tokens do from here on. Choose a layer that "
                    + "takes masks, or say withoutMask() before it"
            ])
        try expectRefused(model)
    }

    /// A classifier of strings by the mean of their letters.
    private func letters(maskZero: Bool) throws -> Model {
        let text = StringInput(name: "text")
        let table = Embedding(
            inputDimension: 27, outputDimension: 3, maskZero: maskZero, name: "table")
        let mean = try GlobalAveragePooling1D(name: "mean")(table(Letters()(text)))
        return try Model(
            inputs: text, outputs: ["topic": Dense(2, activation: .softmax, name: "head")(mean)])
    }

    /// Like the lesson's classifier: text is filled up with zeros, and averaged over all of it.
    @Test func aMeanOverPadding() throws {
        let model = try letters(maskZero: false)
        #expect(
            try found(model).map(\.description) == [
                "mean: GlobalAveragePooling1D averages over padding as over tokens, so a text's "
                    + "result depends on how much it is filled up. With maskZero: true at table, "
                    + "and layers between that pass the mask on, only tokens are averaged"
            ])
        try expectRefused(model)
        #expect(try found(letters(maskZero: true)).isEmpty)
    }

    @Test func aMeanBesideAMaskThatIsUsedElsewhere() throws {
        let ids = Input(shape: [5], dtype: .i32)
        let embedded = try Embedding(
            inputDimension: 9, outputDimension: 4, maskZero: true, name: "table")(ids)
        let attended = try MultiHeadAttention(heads: 1, keyDimension: 4, name: "attention")(
            embedded, embedded)
        let mean = try GlobalAveragePooling1D(name: "mean")(attended.withoutMask())
        let model = try Model(inputs: ids, outputs: Dense(2, activation: .softmax)(mean))
        #expect(
            try found(model).map(\.description) == [
                "mean: GlobalAveragePooling1D averages over padding as over tokens, so a text's "
                    + "result depends on how much it is filled up. A mask is at hand (table); keep "
                    + "it on the way here, or attach it again with masked(by:)"
            ])
    }

    // MARK: Weights

    @Test func weightsThatNoLossReaches() throws {
        let x = Input(shape: [3])
        let encoder = try Model(
            "encoder", inputs: [x],
            outputs: ["used": Dense(4, name: "first")(x), "other": Dense(2, name: "second")(x)])
        let y = Input(shape: [3])
        let used = try encoder([y])["used"]
        let model = try Model(
            inputs: y, outputs: Dense(2, activation: .softmax, name: "head")(used))
        #expect(
            try found(model).map(\.description) == [
                "encoder/second: the loss does not depend on 8 trainable weights: they learn "
                    + "nothing, and weight decay shrinks them. Use the layer on the way to the "
                    + "output, leave it out of the model, or freeze it"
            ])
        try expectRefused(model)
        try model.freeze("encoder/second")
        #expect(try found(model).isEmpty)
    }

    // MARK: Runs

    private let x = try? DataArray([Float](repeating: 0.5, count: 24), shape: [8, 3])

    @Test func aWarmupLongerThanTheRun() async throws {
        let x = try #require(x)
        let y = DataArray([0, 1, 0, 1, 0, 1, 0, 1] as [Int32])
        func history(
            _ warmup: Int, strict: Bool = false, accumulation: Int = 1
        ) async throws -> History {
            let model = try classifier(.softmax)
            try model.compile(
                optimizer: .huggingFaceAdamW(
                    learningRate: .linearWarmupAndDecay(
                        peakLearningRate: 0.5, warmupStepCount: warmup, totalStepCount: 100),
                    gradientAccumulationStepCount: accumulation),
                loss: .sparseCategoricalCrossentropy(),
                options: TrainingOptions(isStrict: strict))
            // Four steps.
            return try await model.fit(
                x: x, y: y, batchSize: 4, epochs: 2, verbosity: .silent)
        }
        let words =
            "learning rate: the warm-up takes 8 steps, but the training ends after 4: the rate "
            + "only rises to 0.1875 and never comes to 0.5. Give the warm-up a share of the steps, "
            + "which are batches and not rows"
        #expect(try await history(8).warnings == [words])
        #expect(try await history(3).warnings.isEmpty)
        // Two updates, which the schedule counts.
        #expect(try await history(3, accumulation: 2).warnings.count == 1)
        let error = await #expect(throws: StrictError.self) { try await history(8, strict: true) }
        #expect(
            error?.description == "one thing is doubtful, and training is strict:\n  - " + words)
    }

    @Test func fewerClassesThanOutputs() async throws {
        let x = try #require(x)
        let y = DataArray([0, 1, 0, 1, 0, 1, 0, 1] as [Int32])
        let model = try Sequential {
            Input(shape: [3])
            Dense(4, activation: .softmax, name: "classifier")
        }
        try model.compile(optimizer: .adam(), loss: .sparseCategoricalCrossentropy())
        let history = try await model.fit(x: x, y: y, verbosity: .silent)
        #expect(
            history.warnings == [
                "classifier: it has 4 outputs, but the labels number 2 classes (0..<2): the other "
                    + "outputs only learn that they never occur. Give the layer 2 units, or look "
                    + "for labels that are missing"
            ])
        try model.compile(
            optimizer: .adam(), loss: .sparseCategoricalCrossentropy(),
            options: TrainingOptions(isStrict: true))
        await #expect(throws: StrictError.self) {
            try await model.fit(x: x, y: y, verbosity: .silent)
        }
    }
}

/// Letters as numbers from 1, filled up with 0 to 6.
private final class Letters: HostLayer {
    func outputs() -> [HostOutput] { [HostOutput(shape: [6])] }

    func encode(_ strings: [[String]], into buffers: [HostBuffer]) {
        guard case .int32(let buffer) = buffers[0] else { return }
        for (row, text) in strings[0].enumerated() {
            for (place, letter) in text.utf8.prefix(6).enumerated() {
                buffer[row * 6 + place] = Int32(letter % 26) + 1
            }
        }
    }
}
