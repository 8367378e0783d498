import MartletIR
import MartletLayers
import MartletPasses
import MartletRuntime
import MartletTraining
import TestSupport
import Testing

struct AppendOptimizerTests {
    /// A softmax classifier of rows of 3 numbers into 4 classes, up to its loss.
    private func classifier(frozen: Bool = false, hasStep: Bool = false) throws -> Graph {
        let b = GraphBuilder()
        func input(_ name: String, _ role: Input.Role, _ type: TensorType) throws -> Value {
            try b.append(.input(Input(name, role: role, type: type)))
        }
        let batch = Dimension(Symbol("batch", bound: 8))
        let x = try input("x", .data, TensorType(.f32, [batch, 3]))
        let labels = try input("labels", .data, TensorType(.i32, [batch]))
        if hasStep { _ = try input("step", .step, TensorType(.i64, .scalar)) }
        let role: Input.Role = frozen ? .constant : .parameter
        let kernel = try input("dense/kernel", role, TensorType(.f32, [3, 4]))
        let bias = try input("dense/bias", role, TensorType(.f32, [4]))
        let product = try b.dotGeneral(x, kernel, leftContracting: [1], rightContracting: [0])
        let logits = try b.add(
            product, b.broadcastInDim(bias, [batch, 4], dimensions: [1]))
        let output = try b.append(.softmax(Softmax(axis: 1)), logits)
        let loss = try Loss.sparseCategoricalCrossentropy().emit(
            labels: labels, output: output, in: b)
        b.output("loss", loss.value)
        let accuracy = try Metric.accuracy.emit(labels: labels, output: output, in: b)
        for (index, sum) in accuracy.sums.enumerated() { b.output("accuracy/\(index)", sum) }
        return try b.build()
    }

    private let parameters = [
        (name: "dense/kernel", type: TensorType(.f32, [3, 4])),
        (name: "dense/bias", type: TensorType(.f32, [4])),
    ]

    private func initialState(_ optimizer: Optimizer) -> [String: ReferenceTensor] {
        let random = RandomSource(seed: 1, stream: 0)
        var state = [
            "x": ReferenceTensor(
                .f32, shape: [6, 3],
                elements: (0..<18).map { Double(Float(random.uniformDouble(at: $0))) }),
            "labels": ReferenceTensor(.i32, shape: [6], elements: [0, 1, 2, 3, 1, 2]),
            "dense/kernel": ReferenceTensor(
                .f32, shape: [3, 4],
                elements: (20..<32).map { Double(Float(random.uniformDouble(at: $0))) }),
            "dense/bias": ReferenceTensor(.f32, shape: [4]),
        ]
        for slot in optimizer.slots(for: parameters) {
            state[slot.name] = ReferenceTensor(
                slot.type.dtype, shape: slot.type.shape.fixed ?? [], repeating: slot.initialValue)
        }
        return state
    }

    @Test(arguments: [
        Optimizer.adam(learningRate: 0.1), .sgd(learningRate: 1, momentum: 0.5),
        .adamW(
            learningRate: .linearWarmupAndDecay(
                peakLearningRate: 0.3, warmupStepCount: 3, totalStepCount: 40),
            clipping: .globalNorm(1), gradientAccumulationStepCount: 2),
    ])
    func lossFallsThroughTheWholePipeline(_ optimizer: Optimizer) throws {
        let graph = try PassPipeline.training(
            optimizer: AppendOptimizer(optimizer), verifies: true
        ).run(classifier())
        let interpreter = ReferenceInterpreter(extents: SymbolExtents(["batch": 6]))
        var state = initialState(optimizer)
        var losses: [Double] = []
        for step in 0..<40 {
            state["step"] = ReferenceTensor(.i64, shape: [], elements: [Double(step)])
            let results = try interpreter.run(graph, state)
            losses.append(try #require(results["loss"]).elements[0])
            for output in graph.outputs {
                if let target = output.updates { state[target] = results[output.name] }
            }
        }
        #expect(losses[39] < 0.7 * losses[0], "\(losses)")
    }

    @Test func planUpdatesAsTheReferenceDoes() throws {
        let optimizer = Optimizer.adamW(
            learningRate: .cosineDecay(initialLearningRate: 0.1, decayStepCount: 5),
            clipping: .norm(0.1))
        let graph = try PassPipeline.training(
            optimizer: AppendOptimizer(optimizer), verifies: true
        ).run(classifier())
        let plan = try Plan(graph)
        let store = ParameterStore()
        let session = try PlanSession(
            plan, store: store, pool: ThreadPool(threadCount: 2), isPoisoned: true)
        var state = initialState(optimizer)
        func write(_ name: String) throws {
            guard let base = session.address(ofInput: name) else { return }
            let value = try #require(state[name])
            for (index, element) in value.elements.enumerated() {
                ElementAccess.store(element, to: base, value.dtype, at: index)
            }
        }
        for name in state.keys { try write(name) }
        let extents = SymbolExtents(["batch": 6])
        for step in 0..<5 {
            state["step"] = ReferenceTensor(.i64, shape: [], elements: [Double(step)])
            try write("step")
            try session.run(extents)
            let results = try ReferenceInterpreter(extents: extents).run(graph, state)
            for output in graph.outputs {
                guard let target = output.updates else { continue }
                state[target] = results[output.name]
                let expected = try #require(state[target])
                expectClose(
                    Array(store.floats(target)).prefix(expected.elements.count).map { $0 },
                    expected.elements, tolerance: Tolerance(relative: 1e-4, absolute: 1e-6),
                    "\(target), step \(step)")
            }
        }
    }

    @Test func theStepInputIsShared() throws {
        let differentiated = try Differentiate().run(classifier(hasStep: true))
        let graph = try AppendOptimizer(.adam()).run(differentiated)
        let steps = graph.inputs.filter { graph.input(at: $0)?.role == .step }
        #expect(steps.count == 1)
    }

    @Test func slotsAreReportedAsTheGraphHasThem() throws {
        let optimizer = Optimizer.adam(clipping: .value(1), gradientAccumulationStepCount: 2)
        let graph = try AppendOptimizer(optimizer).run(Differentiate().run(classifier()))
        let slots = optimizer.slots(for: parameters)
        #expect(
            slots.map(\.name) == [
                "adam/learning_rate", "adam/gradient_accumulator/dense/kernel",
                "adam/gradient_accumulator/dense/bias", "adam/first_moment/dense/kernel",
                "adam/second_moment/dense/kernel", "adam/first_moment/dense/bias",
                "adam/second_moment/dense/bias",
            ])
        var declared: [String: TensorType] = [:]
        for node in graph.inputs {
            guard let input = graph.input(at: node), input.role == .slot else { continue }
            declared[input.inputName] = input.type
        }
        #expect(
            declared == Dictionary(uniqueKeysWithValues: slots.map { ($0.name, $0.type) }))
        #expect(slots[0].initialValue == 0.001)
        let updated = Set(graph.outputs.compactMap(\.updates))
        #expect(
            updated
                == Set(slots.dropFirst().map(\.name) + ["dense/kernel", "dense/bias"]))
        #expect(!graph.outputs.contains { $0.name.hasPrefix("gradient/") })
    }

    @Test(arguments: [
        (Optimizer.sgd(momentum: 1.5), "sgd: momentum is 1.5, expected 0...1"),
        (.adam(beta1: 1), "adam: beta1 is 1.0, expected 0..<1"),
        (
            .adam(learningRate: -1),
            "adam: learningRate is -1.0, expected a finite number, 0 or more"
        ),
        (
            .sgd(clipping: .norm(0)),
            "gradient clipping: the limit is 0.0, expected a positive number"
        ),
        (
            .sgd(gradientAccumulationStepCount: 0),
            "sgd: gradientAccumulationStepCount is 0, expected 1 or more"
        ),
    ])
    func unusableArguments(_ optimizer: Optimizer, _ message: String) throws {
        let graph = try Differentiate().run(classifier())
        let error = #expect(throws: OptimizerError.self) {
            try AppendOptimizer(optimizer).run(graph)
        }
        #expect(error?.description == message)
    }

    @Test func unreadablePattern() throws {
        let graph = try Differentiate().run(classifier())
        let optimizer = Optimizer.adamW(excludedFromWeightDecay: [.path("(")])
        let error = #expect(throws: OptimizerError.self) {
            try AppendOptimizer(optimizer).run(graph)
        }
        let description = try #require(error?.description)
        #expect(description.hasPrefix("weight decay: \"(\" is not a regular expression: "))
    }

    @Test func nothingToTrain() throws {
        let error = #expect(throws: OptimizerError.self) {
            try AppendOptimizer(.adam()).run(classifier(frozen: true))
        }
        #expect(
            error?.description
                == "adam: no parameter has a gradient: every layer is frozen, or none has weights")
    }

    @Test func patternsAndMultipliersByPath() throws {
        #expect(try ParameterPattern.name("bias").matches("dense/bias"))
        #expect(try !ParameterPattern.name("dense").matches("dense/bias"))
        #expect(try ParameterPattern.path("LayerNorm|layer_norm").matches("a/layer_norm/gamma"))
        #expect(try !ParameterPattern.parameter("bias").matches("dense/bias"))
    }
}
