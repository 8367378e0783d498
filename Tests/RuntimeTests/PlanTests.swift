import GraphTestSupport
import MartletIR
import MartletMemoryPlan
import MartletRuntime
import TestSupport
import Testing

/// Runs a graph through plan and interpreter, with every input given as a reference tensor.
func runPlan(
    _ graph: Graph, _ inputs: [String: ReferenceTensor], extents: [String: Int] = [:],
    threadCount: Int = 2
) throws -> [String: ReferenceTensor] {
    let plan = try Plan(graph)
    try MemoryPlanValidator.validate(plan.memory)
    let store = ParameterStore()
    let pool = try ThreadPool(threadCount: threadCount)
    let session = try PlanSession(plan, store: store, pool: pool, isPoisoned: true)
    for input in plan.inputs {
        let name = input.input.inputName
        let value = try #require(inputs[name])
        let base = try #require(session.address(ofInput: name))
        for (index, element) in value.elements.enumerated() {
            ElementAccess.store(element, to: base, value.dtype, at: index)
        }
    }
    let extents = SymbolExtents(extents)
    try session.run(extents)
    var outputs: [String: ReferenceTensor] = [:]
    for output in plan.outputs {
        let (base, type) = try #require(session.output(output.name))
        let shape = try #require(type.shape.evaluated { extents($0) })
        let elements = (0..<shape.reduce(1, *)).map {
            ElementAccess.load(base, type.dtype, at: $0)
        }
        outputs[output.name] = ReferenceTensor(type.dtype, shape: shape, elements: elements)
    }
    return outputs
}

struct PlanTests {
    @Test(arguments: BiasActivation.Activation.allCases)
    func productRunsInTheStepOfItsBias(_ activation: BiasActivation.Activation) throws {
        let graph = try BiasedProductGraph.graph(activation)
        let plan = try Plan(graph)
        #expect(!plan.steps.contains { $0.label == "dot_general" })
        let inputs = BiasedProductGraph.inputs()
        let expected = try ReferenceInterpreter(
            extents: SymbolExtents(BiasedProductGraph.extents)
        ).run(graph, inputs)
        let actual = try runPlan(graph, inputs, extents: BiasedProductGraph.extents)
        for (name, tensor) in expected {
            let received = try #require(actual[name])
            let problem = mismatch(
                received.elements, tensor.elements, shape: tensor.shape,
                tolerance: Tolerance(relative: 2e-5, absolute: 4e-6))
            #expect(problem == nil, "\(activation), \(name): \(problem ?? "")")
        }
    }

    @Test func updatesWaitForTheLoss() throws {
        let b = GraphBuilder()
        func input(_ name: String, _ role: Input.Role, _ extents: Int...) throws -> Value {
            try b.append(
                .input(
                    Input(
                        name, role: role,
                        type: TensorType(.f32, Shape(extents.map { Dimension($0) })))))
        }
        let (weight, rate) = (try input("weight", .parameter, 64), try input("rate", .data))
        let gradient = try input("gradient", .data, 64)
        // The update could run at once, and would free the gradient.
        let update = try b.append(.sgdUpdate(SGDUpdate()), [weight, b.multiply(gradient, 2), rate])
        b.output("weight", update[0], updates: "weight")
        let product = try b.dotGeneral(
            input("x", .data, 8, 64), input("y", .data, 64, 8), leftContracting: [1],
            rightContracting: [0])
        b.output("loss", try b.reduce(.sum, product, axes: [0, 1]))
        let plan = try Plan(b.build())
        let updateStep = plan.steps.firstIndex { $0.label == "sgd_update" }
        let lossStep = plan.steps.lastIndex { $0.label.hasPrefix("reduce") }
        #expect(try #require(lossStep) < #require(updateStep))
    }

    @Test(arguments: OpExample.all.map(\.inFloat32))
    func planAgreesWithReference(_ example: OpExample) throws {
        let b = GraphBuilder()
        var operands: [Value] = []
        var inputs: [String: ReferenceTensor] = [:]
        let values = example.randomOperands(seed: 3)
        for (index, operand) in example.operands.enumerated() {
            let input = Input("\(index)", role: .data, type: operand.type)
            operands.append(try b.append(.input(input)))
            inputs[input.inputName] = values[index].roundedForTest
        }
        if let forward = example.forward {
            let results = try b.append(forward.op, forward.operands(operands))
            operands.replaceSubrange(4...5, with: results)
        }
        for (index, value) in try b.append(example.op, operands).enumerated() {
            b.output("result \(index)", value)
        }
        let graph = try b.build()
        let expected = try ReferenceInterpreter().run(graph, inputs)
        let actual = try runPlan(graph, inputs)
        for (name, tensor) in expected {
            let received = try #require(actual[name])
            #expect(received.shape == tensor.shape)
            let problem = mismatch(
                received.elements, tensor.elements, shape: tensor.shape,
                tolerance: Tolerance(relative: 2e-5, absolute: 2e-6))
            #expect(problem == nil, "\(example.label), \(name): \(problem ?? "")")
        }
    }
}

extension ReferenceTensor {
    /// Floats as f32 holds them.
    var roundedForTest: ReferenceTensor {
        guard dtype == .f32 else { return self }
        return ReferenceTensor(
            dtype, shape: shape, elements: elements.map { Double(Float($0)) })
    }
}
