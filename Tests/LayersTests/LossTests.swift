import MartletIR
import MartletLayers
import MartletPasses
import TestSupport
import Testing

struct LossTests {
    private func message(
        _ loss: Loss, labels: TensorType, output: TensorType, weight: TensorType? = nil
    ) throws -> String {
        let b = GraphBuilder()
        func input(_ name: String, _ type: TensorType) throws -> Value {
            try b.append(.input(Input(name, role: .data, type: type)))
        }
        let labels = try input("labels", labels)
        let output = try input("output", output)
        let weight = try weight.map { try input("weight", $0) }
        let error = #expect(throws: GraphError.self) {
            try loss.emit(labels: labels, output: output, sampleWeight: weight, in: b)
        }
        return try #require(error).description
    }

    private let batch = Dimension(Symbol("batch", bound: 8))

    @Test func labelsThatDoNotFit() throws {
        let classes = TensorType(.f32, [batch, 4])
        #expect(
            try message(
                .sparseCategoricalCrossentropy(), labels: classes, output: classes)
                == "sparse_categorical_crossentropy: expected labels [batch] of integers (for "
                + "labels [batch, 4] of class probabilities, use the categorical loss or metric), "
                + "received f32[batch, 4], for the output f32[batch, 4]")
        #expect(
            try message(
                .sparseCategoricalCrossentropy(), labels: TensorType(.i32, [batch, 2]),
                output: classes)
                == "sparse_categorical_crossentropy: expected labels [batch] of integers, "
                + "received i32[batch, 2], for the output f32[batch, 4]")
        #expect(
            try message(
                .categoricalCrossentropy(), labels: TensorType(.i32, [batch]), output: classes)
                == "categorical_crossentropy: expected labels [batch, 4] of numbers, "
                + "received i32[batch], for the output f32[batch, 4]")
        #expect(
            try message(
                .meanSquaredError, labels: TensorType(.f32, [batch, 3]), output: classes)
                == "mean_squared_error: expected labels [batch, 4] of numbers, "
                + "received f32[batch, 3], for the output f32[batch, 4]")
    }

    @Test func weightsThatDoNotFit() throws {
        #expect(
            try message(
                .sparseCategoricalCrossentropy(), labels: TensorType(.i32, [batch, 3]),
                output: TensorType(.f32, [batch, 3, 4]), weight: TensorType(.f32, [batch]))
                == "sparse_categorical_crossentropy: weights or mask of shape [batch] do not "
                + "broadcast to [batch, 3]; give one weight for each loss, or [batch, 1]")
    }

    @Test func labelTypes() {
        let output = TensorType(.f32, [batch, 3, 4])
        #expect(
            Loss.sparseCategoricalCrossentropy().labelType(for: output)
                == TensorType(.i32, [batch, 3]))
        #expect(Loss.meanSquaredError.labelType(for: output) == output)
    }

    @Test func logitsOfASoftmaxAreNamed() throws {
        let b = GraphBuilder()
        func input(_ name: String, _ type: TensorType) throws -> Value {
            try b.append(.input(Input(name, role: .data, type: type)))
        }
        let x = try input("x", TensorType(.f32, [2, 4]))
        let labels = try input("labels", TensorType(.i32, [2]))
        let output = try b.append(.softmax(Softmax(axis: 1)), x)
        let doubtful = try Loss.sparseCategoricalCrossentropy(fromLogits: true).emit(
            labels: labels, output: output, in: b)
        #expect(
            doubtful.diagnostics.map(\.description) == [
                "sparse_categorical_crossentropy: fromLogits is true, but the output is a "
                    + "softmax, so it is probabilities; the loss uses what the softmax was taken "
                    + "of. Remove the activation or set fromLogits: false"
            ])
        let plain = try Loss.sparseCategoricalCrossentropy().emit(
            labels: labels, output: output, in: b)
        #expect(plain.diagnostics.isEmpty)
    }

    /// Labels in 0..<4 or probabilities, and outputs that are positive and below 1.
    @Test(arguments: [
        Loss.sparseCategoricalCrossentropy(), .sparseCategoricalCrossentropy(fromLogits: true),
        .sparseCategoricalCrossentropy(ignoreClass: 2),
        .categoricalCrossentropy(labelSmoothing: 0.1), .categoricalCrossentropy(fromLogits: true),
        .categoricalFocalCrossentropy(), .categoricalFocalCrossentropy(fromLogits: true),
        .binaryCrossentropy(), .binaryCrossentropy(fromLogits: true, labelSmoothing: 0.2),
        .binaryFocalCrossentropy(appliesClassBalancing: true),
        .binaryFocalCrossentropy(fromLogits: true), .meanSquaredError, .meanAbsoluteError,
        .meanAbsolutePercentageError, .meanSquaredLogarithmicError, .logCosh, .poisson, .hinge,
        .squaredHinge, .huber(delta: 0.2), .klDivergence, .categoricalHinge, .cosineSimilarity(),
    ])
    func gradientMatchesFiniteDifferences(_ loss: Loss) throws {
        let b = GraphBuilder()
        let type = TensorType(.f64, [3, 2, 4])
        func input(_ name: String, _ role: Input.Role, _ type: TensorType) throws -> Value {
            try b.append(.input(Input(name, role: role, type: type)))
        }
        let output = try input("output", .parameter, type)
        let labelType = loss.labelType(for: type)
        let labels = try input("labels", .data, labelType)
        let mask = try input("mask", .data, TensorType(.bool, [3, 2]))
        let weight = try input("weight", .data, TensorType(.f64, [3, 1]))
        let emitted = try loss.emit(
            labels: labels, output: output, mask: mask, sampleWeight: weight, in: b)
        b.output("loss", emitted.value)
        let plain = try b.build()
        let graph = try Differentiate().run(plain)
        let random = RandomSource(seed: 9, stream: 0)
        func uniform(_ index: Int) -> Double { random.uniformDouble(at: UInt64(index)) }
        let isSparse = labelType.dtype == .i32
        var inputs = [
            "output": ReferenceTensor(
                .f64, shape: [3, 2, 4], elements: (0..<24).map { 0.05 + 0.9 * uniform($0) }),
            "labels": ReferenceTensor(
                labelType.dtype, shape: labelType.shape.fixed ?? [],
                elements: (0..<(isSparse ? 6 : 24)).map {
                    isSparse ? (4 * uniform(100 + $0)).rounded(.down) : uniform(100 + $0)
                }),
            "mask": ReferenceTensor(.bool, shape: [3, 2], elements: [1, 0, 1, 1, 1, 0]),
            "weight": ReferenceTensor(.f64, shape: [3, 1], elements: [0.5, 2, 1.25]),
        ]
        let interpreter = ReferenceInterpreter(precision: .float64)
        let gradient = try #require(interpreter.run(graph, inputs)["gradient/output"]).elements
        let direction = (0..<24).map { 2 * uniform(200 + $0) - 1 }
        let start = try #require(inputs["output"]).elements
        let step = 1e-6
        func value(_ sign: Double) throws -> Double {
            inputs["output"]?.elements = zip(start, direction).map { $0 + sign * step * $1 }
            return try #require(interpreter.run(plain, inputs)["loss"]).elements[0]
        }
        let numeric = try (value(1) - value(-1)) / (2 * step)
        let analytic = zip(gradient, direction).reduce(0) { $0 + $1.0 * $1.1 }
        #expect(analytic != 0)
        #expect(
            abs(numeric - analytic) <= 1e-6 * max(abs(numeric), abs(analytic), 1e-2),
            "\(loss.name): analytic \(analytic), numeric \(numeric)")
    }

    @Test func ownFormula() throws {
        struct Cubed: LossFunction {
            var name: String { "cubed" }
            var labelKind: LabelKind { .likeOutput }

            func elements(
                labels: Value, output: Value, in b: GraphBuilder
            ) throws -> LossElements {
                let error = try b.unary(.abs, b.subtract(output, labels))
                return LossElements(try b.multiply(error, b.multiply(error, error)))
            }
        }
        var graph = GoldenGraph()
        let emitted = try Loss(Cubed(), reduction: .sum).emit(
            labels: graph.input("labels", GoldenTensor(shape: [2, 1], values: [1, 2])),
            output: graph.input("output", GoldenTensor(shape: [2, 1], values: [3, 1])),
            in: graph.builder)
        graph.builder.output("loss", emitted.value)
        #expect(try graph.run()["loss"]?.elements == [9])
    }
}
