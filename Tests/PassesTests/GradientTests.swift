import GraphTestSupport
import MartletIR
import MartletPasses
import Testing

struct GradientTests {
    /// A scalar loss: every float result times fixed random weights, summed.
    private func lossGraph(
        _ example: OpExample, results: Set<Int>? = nil
    ) throws -> Graph {
        let b = GraphBuilder()
        var operands: [Value] = []
        for (index, operand) in example.operands.enumerated() {
            let role: Input.Role = operand.type.dtype.isFloat ? .parameter : .data
            let input = Input("\(index)", role: role, type: operand.type)
            operands.append(try b.append(.input(input)))
        }
        b.path = "layer"
        let values = try b.append(example.op, operands)
        var loss = try b.constant(0, .f64)
        for (index, value) in values.enumerated() where results?.contains(index) ?? true {
            let type = b.type(of: value)
            guard type.dtype.isFloat else { continue }
            let source = RandomSource(seed: 77, stream: UInt64(index))
            let extents = type.shape.fixed ?? []
            let weights = (0..<extents.reduce(1, *)).map {
                2 * source.uniformDouble(at: UInt64($0)) - 1
            }
            let weight = try b.constant(Literal(.f64, shape: extents, elements: weights))
            let product = try b.multiply(b.convert(value, to: .f64), weight)
            let sum = try b.reduce(.sum, product, axes: Array(0..<type.rank))
            loss = try b.add(loss, sum)
        }
        b.output("loss", loss)
        return try b.build()
    }

    /// Central differences along one random direction against the differentiated graph.
    private func check(_ graph: Graph, _ example: OpExample) throws {
        let differentiated = try Differentiate().run(graph)
        try Verifier.verify(differentiated)
        let interpreter = ReferenceInterpreter(precision: .float64)
        let values = example.randomOperands(seed: 5)
        var inputs: [String: ReferenceTensor] = [:]
        for (index, value) in values.enumerated() { inputs["\(index)"] = value }
        let outputs = try interpreter.run(differentiated, inputs)
        let step = 1e-5
        func loss(_ sign: Double) throws -> Double {
            var moved = inputs
            for (index, value) in values.enumerated() where value.dtype.isFloat {
                let direction = RandomSource(seed: 11, stream: UInt64(index))
                for element in value.elements.indices {
                    moved["\(index)"]?.elements[element] +=
                        sign * step * (2 * direction.uniformDouble(at: UInt64(element)) - 1)
                }
            }
            return try #require(interpreter.run(graph, moved)["loss"]).elements[0]
        }
        let numeric = try (loss(1) - loss(-1)) / (2 * step)
        var analytic = 0.0
        for (index, value) in values.enumerated() where value.dtype.isFloat {
            let direction = RandomSource(seed: 11, stream: UInt64(index))
            let gradient = try #require(outputs[Differentiate.gradientName(of: "\(index)")])
            for element in gradient.elements.indices {
                analytic +=
                    gradient.elements[element]
                    * (2 * direction.uniformDouble(at: UInt64(element)) - 1)
            }
        }
        let scale = max(abs(numeric), abs(analytic), 1e-3)
        #expect(
            abs(numeric - analytic) / scale <= 1e-6,
            "\(example.label): analytic \(analytic), numeric \(numeric)")
    }

    /// Ops through which no gradient flows by definition.
    private func hasGradient(_ example: OpExample) -> Bool {
        if case .zero = example.op.operation.gradient { return false }
        // Saved values of a gradient op are no independent inputs of its decomposition.
        if example.forward != nil { return false }
        return example.operands.contains { $0.type.dtype.isFloat }
    }

    @Test(arguments: OpExample.all)
    func gradientMatchesFiniteDifferences(_ example: OpExample) throws {
        guard hasGradient(example) else { return }
        // One result at a time (the composite's own rule), then all together (its expansion).
        try check(lossGraph(example, results: [0]), example)
        try check(lossGraph(example), example)
    }

    @Test(arguments: OpExample.all)
    func decompositionHasTheTypesOfTheOp(_ example: OpExample) throws {
        guard let composite = example.op.composite else { return }
        let b = GraphBuilder()
        var operands: [Value] = []
        for (index, operand) in example.operands.enumerated() {
            let input = Input("\(index)", role: .data, type: operand.type)
            operands.append(try b.append(.input(input)))
        }
        let types = try example.op.operation.resultTypes(example.operands.map(\.type))
        let meaning = try composite.decompose(operands, in: b)
        #expect(meaning.map { b.type(of: $0) } == types)
    }
}
