import MartletIR
import MartletPasses
import MartletTraining
import TestSupport

/// A graph whose gradients are data: what `Differentiate` leaves behind.
private func graph(_ golden: OptimizerGolden) throws -> Graph {
    let b = GraphBuilder()
    for variable in golden.variables {
        let type = TensorType(.f32, Shape(variable.tensor.shape))
        _ = try b.append(.input(Input(variable.name, role: .parameter, type: type)))
        let given = Input("given/\(variable.name)", role: .data, type: type)
        b.output(
            Differentiate.gradientName(of: variable.name), try b.append(.input(given)))
    }
    return try b.build()
}

/// Ten steps: the graph's updates become the next step's inputs.
func runSteps(
    _ optimizer: Optimizer, _ golden: OptimizerGolden,
    check: (OptimizerGolden.Step, [String: ReferenceTensor]) throws -> Void
) throws {
    let graph = try AppendOptimizer(optimizer).run(graph(golden))
    try Verifier.verify(graph)
    var state: [String: ReferenceTensor] = [:]
    for variable in golden.variables {
        state[variable.name] = ReferenceTensor(
            .f32, shape: variable.tensor.shape, elements: variable.tensor.values)
    }
    let parameters = golden.variables.map {
        (name: $0.name, type: TensorType(.f32, Shape($0.tensor.shape)))
    }
    for slot in optimizer.slots(for: parameters) {
        state[slot.name] = ReferenceTensor(
            slot.type.dtype, shape: slot.type.shape.fixed ?? [], repeating: slot.initialValue)
    }
    for (index, step) in golden.steps.enumerated() {
        state["step"] = ReferenceTensor(.i64, shape: [], elements: [Double(index)])
        for (variable, gradient) in zip(golden.variables, golden.gradients[index]) {
            state["given/\(variable.name)"] = ReferenceTensor(
                .f32, shape: gradient.shape, elements: gradient.values)
        }
        let results = try ReferenceInterpreter().run(graph, state)
        for output in graph.outputs {
            if let target = output.updates { state[target] = results[output.name] }
        }
        try check(step, state)
    }
}
